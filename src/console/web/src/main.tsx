// The console: who is logged in, which page is shown, and the frame around it.

import { type ComponentType, render } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { hasToken, logout, onSessionEnd, session } from "./api";
import { useLoaded, useRoute } from "./hooks";
import { Activity } from "./pages/activity";
import { Collections } from "./pages/collections";
import { Login } from "./pages/login";
import { Logs } from "./pages/logs";
import { MapPage } from "./pages/map";
import { Networks } from "./pages/networks";
import { Overview } from "./pages/overview";
import { Quarantine } from "./pages/quarantine";
import { Query } from "./pages/query";
import { type Collection, loadCollections } from "./sql";
import { Button, Icon } from "./ui";
import "./styles.css";

export interface PageProps {
  collections: Collection[];
  /** They are not known yet: there may be more than none. */
  isLoading: boolean;
  reloadCollections: () => void;
  /** What follows the page's name in the address. */
  rest: string[];
}

const PAGES: [string, string, ComponentType<PageProps>][] = [
  ["overview", "Overview", Overview],
  ["query", "Query", Query],
  ["collections", "Collections", Collections],
  ["map", "Map", MapPage],
  ["networks", "Networks", Networks],
  ["quarantine", "Quarantine", Quarantine],
  ["activity", "Activity", Activity],
  ["logs", "Logs", Logs],
];

const THEME = "nebulusdb-console-theme";

function useTheme(): [string, () => void] {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const [theme, setTheme] = useState(() => localStorage.getItem(THEME) ?? (system.matches ? "dark" : "light"));
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    const follow = () => {
      if (localStorage.getItem(THEME) === null) setTheme(system.matches ? "dark" : "light");
    };
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, []);
  const turn = () => {
    const next = theme === "dark" ? "light" : "dark";
    localStorage.setItem(THEME, next);
    setTheme(next);
  };
  return [theme, turn];
}

function Frame({ user, theme, onTheme }: { user: string; theme: string; onTheme: () => void }) {
  const route = useRoute();
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [name, title, Shown] = PAGES.find(([each]) => each === route[0]) ?? PAGES[0]!;
  const loaded = useLoaded(loadCollections, [user]);
  useEffect(() => {
    document.title = `${title} · NebulusDB`;
    setMenuOpen(false);
    if (route[0]) document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [name]);
  const reload = useCallback(() => loaded.reload(), [loaded.reload]);
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>
        Skip to the page
      </a>
      <header class={`side ${isMenuOpen ? "open" : ""}`}>
        <div class="brand">
          <img src="/console/icon.svg" alt="" width="28" height="28" />
          <span>NebulusDB</span>
          <Button class="menu-button" icon={isMenuOpen ? "close" : "menu"} kind="quiet" label={isMenuOpen ? "Close the menu" : "Open the menu"} aria-expanded={isMenuOpen} onClick={() => setMenuOpen(!isMenuOpen)} />
        </div>
        <nav aria-label="Pages">
          <ul>
            {PAGES.map(([each, word]) => (
              <li key={each}>
                <a href={`#/${each}`} aria-current={each === name ? "page" : undefined} onClick={() => setMenuOpen(false)}>
                  <Icon name={each} /> <span>{word}</span>
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="side-foot">
          <span class="who" title="The user of this session">
            {user}
          </span>
          <Button icon={theme === "dark" ? "sun" : "moon"} kind="quiet" label={theme === "dark" ? "Light colours" : "Dark colours"} onClick={onTheme} />
          <Button icon="out" kind="quiet" label="Log out" onClick={() => void logout().catch(() => {})} />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Shown key={name} collections={loaded.data ?? []} isLoading={loaded.data === null} reloadCollections={reload} rest={route.slice(1)} />
      </main>
    </div>
  );
}

function App() {
  const [theme, turn] = useTheme();
  const [user, setUser] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const [isKnown, setKnown] = useState(!hasToken());
  const enter = useCallback(async () => {
    try {
      setUser((await session()).user);
      setReason("");
    } catch {
      setUser(null);
    } finally {
      setKnown(true);
    }
  }, []);
  useEffect(() => {
    onSessionEnd((why) => {
      setUser(null);
      setReason(why);
    });
    if (hasToken()) void enter();
  }, []);
  if (!isKnown) return null;
  return user === null ? <Login reason={reason} onDone={enter} /> : <Frame user={user} theme={theme} onTheme={turn} />;
}

render(<App />, document.getElementById("app")!);

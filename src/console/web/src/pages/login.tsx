// Logging in.

import { useEffect, useState } from "preact/hooks";
import { type Failure, hello, login } from "../api";
import { failureOf } from "../hooks";
import { Button, ErrorBox, Field } from "../ui";

export function Login({ reason, onDone }: { reason: string; onDone: () => void }) {
  const [user, setUser] = useState("nebulus");
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [server, setServer] = useState<{ version: string; is_trusted: boolean } | null>(null);
  useEffect(() => {
    hello().then(setServer, (error) => setFailure(failureOf(error)));
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      await login(user, password);
      onDone();
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form class="card login-card" onSubmit={submit}>
        <img src="/console/icon.svg" alt="" width="56" height="56" />
        <h1>NebulusDB</h1>
        <p class="faint">
          {server?.is_trusted ? "This server lets the users of this machine in without a password." : "Log in as a user of the database."}
        </p>
        {reason && !failure && <div class="notice info" role="status">{reason}</div>}
        {failure && <ErrorBox failure={failure} />}
        <Field label="User">{(id) => <input id={id} name="username" autocomplete="username" value={user} onInput={(event) => setUser(event.currentTarget.value)} required />}</Field>
        {!server?.is_trusted && (
          <Field label="Password" hint={<>The first start wrote one to the file <code>password</code> among its keys and said where.</>}>
            {(id) => (
              <input id={id} name="password" type="password" autocomplete="current-password" value={password} onInput={(event) => setPassword(event.currentTarget.value)} autofocus />
            )}
          </Field>
        )}
        <Button type="submit" kind="primary" disabled={isBusy} aria-busy={isBusy}>
          {server?.is_trusted ? "Open the console" : "Log in"}
        </Button>
        {server && <p class="faint small">Version {server.version}</p>}
      </form>
    </main>
  );
}

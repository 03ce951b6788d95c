// Generated from grammar/knirvql.pest by the tests (UPDATE_GOLDEN=1): edit the grammar.
//
// KNIRVQL for CodeMirror 6: the argument of StreamLanguage.define() of the package @codemirror/language.
//
//   import { StreamLanguage } from "@codemirror/language";
//   import { knirvql } from "./knirvql.js";
//   new EditorView({ extensions: [basicSetup, StreamLanguage.define(knirvql)] });

const keywords = new Set("absent add allow alter analyze and as asc at attach auth avg blob by coalesce collection collections contains cosine count create delete desc describe detach distinct drop dry ef entry excuse explain fields for from get group help id if in insert ip is join key l1 l2 leave like limit link matches max memory merge metadata min network networks not offset or order owner peer peers remove replace returning revert rotate run secret set show similar since stage starts sum sync tables to unlink unset unstage update using value vector where with within".split(" "));
const constants = new Set("false null true".split(" "));

/** Reads on in a comment, which may hold others. */
function comment(stream, state) {
  while (!stream.eol()) {
    if (stream.match("*/")) {
      state.depth -= 1;
      if (state.depth === 0) return;
    } else if (stream.match("/*")) state.depth += 1;
    else stream.next();
  }
}

/** Reads on in a text up to its closing mark. Only in double quotes does a backslash escape. */
function text(stream, state) {
  for (let character = stream.next(); character !== undefined; character = stream.next()) {
    if (character === "\\" && state.quote === '"') stream.next();
    else if (character === state.quote && !stream.eat(state.quote)) {
      state.quote = null;
      return;
    }
  }
}

export const knirvql = {
  name: "knirvql",
  startState: () => ({ depth: 0, quote: null, afterDot: false }),
  token(stream, state) {
    if (state.depth > 0) {
      comment(stream, state);
      return "comment";
    }
    if (state.quote !== null) {
      text(stream, state);
      return "string";
    }
    if (stream.eatSpace()) return null;
    const { afterDot } = state;
    state.afterDot = false;
    if (stream.match("//") || stream.match("--")) {
      stream.skipToEnd();
      return "comment";
    }
    if (stream.match("/*")) {
      state.depth = 1;
      comment(stream, state);
      return "comment";
    }
    const quote = stream.match(/^["']/);
    if (quote) {
      [state.quote] = quote;
      text(stream, state);
      return "string";
    }
    if (stream.match(/^\$[0-9]+/)) return "variableName.special";
    const word = stream.match(/^[\p{L}_][\p{L}\p{N}_]*/u);
    if (word) {
      const lower = word[0].toLowerCase();
      if (afterDot) return "propertyName";
      if (constants.has(lower)) return "atom";
      return keywords.has(lower) ? "keyword" : "variableName";
    }
    if (stream.match(/^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?/)) return "number";
    if (stream.match(/^(=|!=|<>|<=|>=|<|>)/)) return "operator";
    state.afterDot = stream.next() === ".";
    return "punctuation";
  },
  languageData: {
    commentTokens: { line: "--", block: { open: "/*", close: "*/" } },
    autocomplete: [...keywords, ...constants].map((label) => ({ label: label.toUpperCase(), type: "keyword" })),
  },
};

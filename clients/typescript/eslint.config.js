// The linter's rules: everything that needs types, and no `any`.
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "eslint.config.js"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      // VectorClockManager is the specification's.
      "@typescript-eslint/no-extraneous-class": ["error", { allowStaticOnly: true }],
    },
  },
  {
    files: ["test/**", "examples/**"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
);

import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';
import { housePlugin, houseRules } from './test/lint/house-rules.js';

// Warnings do not exist here: a rule is an error, or off with the reason beside it.
export default tseslint.config(
  { ignores: ['**/node_modules/', '**/gen/', 'dist/', 'coverage/', '.cache/', '.apportion/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { house: housePlugin },
    rules: {
      ...houseRules,
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // It takes a branded quantity for something that has no negative.
      '@typescript-eslint/no-unsafe-unary-minus': 'off',
      // Numbers, bigints among them, print the same everywhere.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportDefaultDeclaration',
          message: 'Exports have names, so that a thing is called the same everywhere.',
        },
        {
          selector: 'TSEnumDeclaration',
          message: 'Use a union of the documented words; enums come from protos only.',
        },
      ],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: false, skipComments: false }],
    },
  },
  {
    files: ['test/**', 'clients/**/*.test.ts'],
    rules: {
      // A `describe` is one function around all of its cases.
      'max-lines-per-function': 'off',
      // Assertions of chai are expressions, and what a test asserts to be there it may use.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // A migration is one declaration, read from top to bottom; cutting it up hides its order.
    files: ['src/db/migrations/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    // Plain JavaScript is what tools load without a compiler; tsc checks its comments.
    files: ['**/*.{js,mjs,cjs}'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', URL: 'readonly' },
      parserOptions: { projectService: false },
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { globals: { require: 'readonly', module: 'writable' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  { files: ['eslint.config.js'], rules: { 'no-restricted-syntax': 'off' } },
);

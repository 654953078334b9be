import { defineConfig } from 'oxlint';
import { layerRules } from './.config/layers.ts';

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'import', 'react', 'jsx-a11y', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['dist', 'node_modules', 'test/fixtures'],
  rules: {
    'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/consistent-type-imports': 'error',
    'import/no-default-export': 'error',
    'import/no-cycle': 'error',
    'import/no-unassigned-import': 'off',
    'import/no-named-as-default-member': 'off',
    'react/react-in-jsx-scope': 'off',
    // a live region and a grid are said by their roles: axe checks them in the real page
    'jsx-a11y/prefer-tag-over-role': 'off',
    'no-console': 'error',
    // a property over a union tests each member in its own branch
    'vitest/no-conditional-expect': 'off',
    'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'fc.assert', 'fc.*.assert'] }],
    eqeqeq: 'error',
    'no-eval': 'error',
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'unicorn/prefer-node-protocol': 'error',
    'no-shadow': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'no-await-in-loop': 'off',
    'no-underscore-dangle': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'promise/always-return': 'off',
  },
  overrides: [
    { files: ['.config/**', '*.config.ts'], rules: { 'import/no-default-export': 'off', 'no-console': 'off' } },
    ...layerRules,
  ],
});

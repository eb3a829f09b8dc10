// What a formatter and a compiler do not hold: how a file opens, the order of its imports, and what checks are called.
// Rules about correctness are TypeScript's; there are no others.
import parser from '@typescript-eslint/parser';
import order from 'eslint-plugin-simple-import-sort';
import house from './tools/lint-rules.mjs';

/** Made by programs, or read as bytes. */
const GENERATED = ['**/*-bytes.ts', '**/lowercase-table.ts'];

export default [
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      'docs/api/',
      'bench/.cache/',
      'bench/peers/',
      'fixtures/',
      '**/*.d.ts',
      '**/.*/',
    ],
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parser },
  },
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    plugins: { order, house },
    rules: {
      'no-duplicate-imports': 'error',
      'order/imports': [
        'error',
        { groups: [['^node:', '^[^.]', '^@siglip-ts/', '^siglip-ts', '^\\.\\./', '^\\./']] },
      ],
      'house/expect-name': 'error',
    },
  },
  {
    files: ['packages/*/src/**/*.ts', 'tests/**/*.ts', 'tools/**/*.mjs', 'bench/**/*.mjs'],
    ignores: GENERATED,
    rules: { 'house/header': 'error' },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    rules: { 'house/no-spread-list': 'error' },
  },
];

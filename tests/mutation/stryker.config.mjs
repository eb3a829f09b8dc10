// How the sources are mutated: Stryker's settings, and what it leaves alone. Which files, and which tests judge them, is run.mjs's.
import { join } from 'node:path';

/** Ignored by git. */
const KEPT = '.mutation';

/** The words of an error are not judged by one mutant a text; that it is thrown, and where, is. */
const messages = {
  kind: 'Ignore',
  name: 'messages',
  value: {
    shouldIgnore(path) {
      if (!path.isStringLiteral() && !path.isTemplateLiteral()) return;
      const error = path.findParent(
        (p) => p.isNewExpression() && /Error$/.test(p.node.callee.name),
      );
      return error ? 'the text of an error' : undefined;
    },
  },
};
export const strykerPlugins = [messages];

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', import.meta.filename],
  ignorers: ['messages'],
  // `related` would take all that imports a file, which is nearly every test; run.mjs names the folders.
  vitest: { configFile: join(import.meta.dirname, 'vitest.config.ts'), related: false },
  concurrency: 1,
  coverageAnalysis: 'perTest',
  // What runs while modules load would need every test, once a mutant; what also runs in a test is judged by that.
  ignoreStatic: true,
  incremental: true,
  incrementalFile: `${KEPT}/results.json`,
  tempDirName: `${KEPT}/sandbox`,
  reporters: ['clear-text', 'html', 'progress-append-only'],
  htmlReporter: { fileName: `${KEPT}/report.html` },
  clearTextReporter: {
    allowColor: false,
    logTests: false,
    reportTests: false,
    reportScoreTable: true,
  },
  ignorePatterns: ['bench', 'docs', 'examples', '.*', '!.npmrc'],
  disableTypeChecks: false, // nothing checks types here, and a comment at the top would move the header
  dryRunTimeoutMinutes: 30,
  timeoutFactor: 3,
  timeoutMS: 10_000,
  thresholds: { high: 95, low: 85, break: 85 },
};

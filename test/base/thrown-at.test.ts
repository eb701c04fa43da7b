import { expect, test } from 'vitest';
import { thrownAt } from '../../src/base/thrown-at.js';

function withStack(stack: string): Error {
  return Object.assign(new Error('x'), { stack });
}

test.each([
  ['Error: x\n    at file:///srv/a.mjs:3:7\n    at ModuleJob.run (node:internal/x:1:2)', '/srv/a.mjs:3:7'],
  ['Error: x\n    at parse (node:internal/x:1:2)\n    at Session.write (file:///srv/a b.mjs:3:7)', '/srv/a b.mjs:3:7'],
  ['Error: x\n    at async /srv/a.cjs:3:7\n    at /srv/b.cjs:1:1', '/srv/a.cjs:3:7'],
  ['/srv/a.cjs:3\n  b: 2\n  ^\n\nSyntaxError: x\n    at wrapSafe (node:internal/x:1:2)', '/srv/a.cjs:3'],
  ["file:///srv/a.mjs:1\nimport { b } from './c.mjs';\nSyntaxError: x\n    at y (node:z:1:2)", '/srv/a.mjs:1'],
  ['SyntaxError: x\n    at compileSourceTextModule (node:internal/modules/esm/utils:346:16)', undefined],
  ['Error: x', undefined],
])('the first place that is nobody’s but the author’s: %j', (stack, place) => {
  expect(thrownAt(withStack(stack))).toBe(place);
});

test.each([undefined, 'text', { stack: 7 }, Object.assign(new Error('x'), { stack: 7 })])(
  '%j has no place',
  (thrown) => {
    expect(thrownAt(thrown)).toBeUndefined();
  },
);

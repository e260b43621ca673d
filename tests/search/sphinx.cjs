// @ts-check
// A control: Sphinx's own scripts over its own index, with as little of a window as they ask for.
// In: {scripts: texts of language_data.js, searchtools.js and searchindex.js, queries, limit}.
// Out: {rankings: document names of each query, each once, best first; queries: milliseconds of each}.
const fs = require('node:fs');
const vm = require('node:vm');
const { clock } = require('./ours.cjs');

const { scripts, queries, limit } = JSON.parse(fs.readFileSync(0, 'utf8'));
Object.assign(globalThis, {
  window: globalThis,
  document: { getElementById: () => null },
  SPHINX_HIGHLIGHT_ENABLED: false,
  _: (/** @type {string} */ text) => text,
  _ready: () => {},
});
vm.runInThisContext(scripts.join('\n'));
/** @type {(query: string) => any[][]} */
const ask = vm.runInThisContext('(query) => Search._performSearch(...Search._parseQuery(query)).reverse()');
const rankings = queries.map((/** @type {string} */ query) => [...new Set(ask(query).map(([docname]) => docname))].slice(0, limit));
process.stdout.write(JSON.stringify({ rankings, queries: clock(queries, ask) }));

// @ts-check
// Asks the engine of a built site as its pages do, without a browser.
// In: {site, queries, limit, times}. Out: {rankings: slugs of each query, created, queries, keystrokes}, the last three
// in milliseconds and only if times is asked for: to make the engine, for each query, for each of its beginnings.
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

/** Run the scripts of a built site that its search loads, and return the engine. @param {string} site */
const load = (site) => {
  const folder = path.join(site, '_static');
  const scripts = ['search/minisearch.js', 'search/stemmer.js', 'search/data.js', 'search-engine.js'];
  const text = scripts.map((name) => fs.readFileSync(path.join(folder, name), 'utf8')).join('\n');
  vm.runInThisContext(text); // a context of its own would slow every name that is global
  const start = performance.now();
  const engine = vm.runInThisContext(`{
    const stemmer = new EnglishStemmer();
    const stem = (word) => stemmer.stemWord(word);
    fieldbookEngine.createEngine({ MiniSearch, stem, data: fieldbookSearchData });
  }`);
  return { engine, created: performance.now() - start };
};

/** Milliseconds of each call. @param {string[]} texts @param {(text: string) => void} call */
const clock = (texts, call) => texts.map((text) => {
  const start = performance.now();
  call(text);
  return performance.now() - start;
});

const beginnings = (/** @type {string} */ query) => Array.from(query, (_, i) => query.slice(0, i + 1));

if (require.main === module) {
  const { site, queries, limit, times } = JSON.parse(fs.readFileSync(0, 'utf8'));
  const { engine, created } = load(site);
  const ask = (/** @type {string} */ query) => engine.ask(query, limit);
  const rankings = queries.map((/** @type {string} */ query) => ask(query).results.map((/** @type {any} */ page) => page.slug));
  const timed = times ? { created, queries: clock(queries, ask), keystrokes: clock(queries.flatMap(beginnings), ask) } : {};
  process.stdout.write(JSON.stringify({ rankings, ...timed }));
}

module.exports = { load, clock, beginnings };

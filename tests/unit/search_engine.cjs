// @ts-check
// Asks the search engine, for test_search_engine.py. The arguments are the engine, MiniSearch, and a folder with the
// stemmer and the data; each line of the input is a list of calls, [name, ...arguments], in JSON, answered by a line
// with their results. What is thrown comes back as {thrown}.
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const vm = require('node:vm');

const [, , enginePath, minisearchPath, folder] = process.argv;
const engine = require(enginePath);
const MiniSearch = vm.runInNewContext(`${fs.readFileSync(minisearchPath, 'utf8')}\nMiniSearch`); // as a page's script
const read = (/** @type {string} */ name) => fs.readFileSync(path.join(folder, name), 'utf8');
const stemmer = new (vm.runInNewContext(`${read('stemmer.js')}\nEnglishStemmer`))();
const stem = (/** @type {string} */ word) => stemmer.stemWord(word);
const open = (/** @type {any} */ data) => engine.createEngine({ MiniSearch, stem, data });
const data = vm.runInNewContext(`${read('data.js')}\nJSON.stringify(fieldbookSearchData)`);
let opened = open(JSON.parse(data));

/** @type {Record<string, (...values: any[]) => any>} */
const calls = {
  words: engine.words,
  runs: engine.runs,
  distance: engine.distance,
  sides: engine.sides,
  ask: (query, limit) => opened.ask(query, limit),
  marks: (text, query) => opened.marks(text, query),
  stem,
  salient: (text, pagesWith, pages, most) => engine.salient(text, stem, new Map(Object.entries(pagesWith)), pages, most),
  // an engine over other data; opened for good with `data` left out
  open: (other) => {
    opened = open(other ?? JSON.parse(data));
    return opened.pages.length;
  },
  data: () => JSON.parse(data),
  seconds: () => process.cpuUsage().user / 1e6,
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const answers = JSON.parse(line).map((/** @type {any[]} */ [name, ...values]) => {
    try {
      return calls[name](...values) ?? null;
    } catch (error) {
      return { thrown: String(error) };
    }
  });
  process.stdout.write(`${JSON.stringify(answers)}\n`);
});

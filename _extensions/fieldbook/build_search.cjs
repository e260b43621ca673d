// @ts-check
// Writes the data of the search for fieldbook/search.py, which gives what it knows of the pages as JSON on its input.
// The arguments are the engine and the folder of the built site that holds the stemmer and takes the data.
//
// The data are one list a page: slug, title, area, summary, aliases, questions, words of the opening, sections
// [id, heading, words], cards [id, question, words]. "Words" are the stems that tell a text from other pages.
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const OPENING = 12; // words kept of an opening, of a section, of an answer
const SECTION = 4;
const ANSWER = 2;

const [, , enginePath, folder] = process.argv;
const engine = require(enginePath);
const Stemmer = vm.runInNewContext(`${fs.readFileSync(path.join(folder, 'stemmer.js'), 'utf8')}\nEnglishStemmer`);
const stemmer = new Stemmer();
/** @type {Map<string, string>} */
const stems = new Map();
const stem = (/** @type {string} */ word) => {
  let found = stems.get(word);
  if (found === undefined) stems.set(word, found = /^[a-z]+$/.test(word) ? stemmer.stemWord(word) : word);
  return /** @type {string} */ (found);
};

const { pages, places, parts } = JSON.parse(fs.readFileSync(0, 'utf8'));
/** @type {Map<string, number>} */
const pagesWith = new Map();
for (const page of pages) {
  const texts = [page.opening, ...page.sections.map((/** @type {string[]} */ part) => part[2]), ...page.cards.map((/** @type {string[]} */ card) => card[2])];
  for (const word of new Set(texts.flatMap(engine.words).map(stem))) pagesWith.set(word, (pagesWith.get(word) ?? 0) + 1);
}
const pick = (/** @type {string} */ text, /** @type {number} */ most) => engine.salient(text, stem, pagesWith, pages.length, most).join(' ');
const data = {
  parts,
  places,
  pages: pages.map((/** @type {any} */ page) => [
    page.slug, page.title, page.area, page.summary, page.aliases, page.questions, pick(page.opening, OPENING),
    page.sections.map((/** @type {string[]} */ [id, heading, text]) => [id, heading, pick(text, SECTION)]),
    page.cards.map((/** @type {string[]} */ [id, question, text]) => [id, question, pick(text, ANSWER)]),
  ]),
};
fs.writeFileSync(path.join(folder, 'data.js'), `globalThis.fieldbookSearchData = ${JSON.stringify(data)};\n`);

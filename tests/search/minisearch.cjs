// @ts-check
// A control: MiniSearch with its defaults, over title, headings and whole text of each page.
// In: {minisearch, pages: [{slug, title, headings, text}], queries, limit}. Out: {rankings, index, queries}: slugs of each
// query, the index as a page would load it, milliseconds a query.
const fs = require('node:fs');
const { clock } = require('./ours.cjs');

const { minisearch, pages, queries, limit } = JSON.parse(fs.readFileSync(0, 'utf8'));
const MiniSearch = require(minisearch);
const made = new MiniSearch({ idField: 'slug', fields: ['title', 'headings', 'text'], storeFields: ['title'] });
made.addAll(pages);
const rankings = queries.map((/** @type {string} */ query) => made.search(query).slice(0, limit).map((/** @type {any} */ hit) => hit.id));
const times = clock(queries, (query) => made.search(query));
process.stdout.write(JSON.stringify({ rankings, index: JSON.stringify(made), queries: times }));

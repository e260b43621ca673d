// @ts-check
// The search engine. It knows nothing of a window: the build, the tests and every browser run this very file.
//
// MiniSearch holds the inverted index (BM25+ over weighted fields) and finds near words; Snowball's stemmer takes
// "tokens" and "tokenized" for one word. What is ours is what a general engine cannot know: which page defines a term,
// and how much of a question a page answers.
//
// A site is a list of pages, and of passages in them: the head of a page (title, aliases, summary, opening), its
// sections, its cards and its questions. Each word of a query that is no stop word is looked up by its stem; failing
// that as the nearest word of the site (a misspelling), failing that as the beginning of words. With s(w, p) the best
// score of word w in the passages of page p, and c the share of the query that p knows (a rare word counts more),
//
//     score(p) = (c^COVERAGE * sum over w of s(w, p) + PASSAGE * best single passage) * (1 + named(p))
//
// where named(p) is the definition prior: NAMED if the query is a title or an alias of p, up to HOLDS if it holds one.
//
// Nothing is shown unless the query is a name, or the evidence 4 c + 2 ln score + 6 k of the best page is ENOUGH, where k
// is the part of the query's words that the site knows at all: fitted (logistic regression, rounded) to labelled queries.
((root, factory) => {
  if (typeof module === 'object') module.exports = factory();
  else Object.assign(root, { fieldbookEngine: factory() });
})(globalThis, () => {
  const WEIGHTS = { title: 10, aliases: 8, summary: 5, question: 10, heading: 3, text: 1 };
  const COVERAGE = 2.5;
  const PASSAGE = 2;
  const NAMED = 3;
  const HOLDS = 1;
  const ALIAS = 0.9; // a name that is not the title, as a part of NAMED and HOLDS
  const MISSPELT = 0.6; // what a near word counts
  const BEGUN = 0.5; // what a word counts that only begins as the query's does
  const ENOUGH = 16; // evidence below which nothing is shown
  const LONGEST = 200; // letters of a query that are looked at; a question has fewer
  const MOST_WORDS = 24;
  const STOP = new Set((
    'a about actually all also am an and any are arent as at be because been being but by can cannot cant could '
    + 'couldnt did didnt do does doesnt doing done dont even ever explain for from get gets getting give go goes '
    + 'going got had has hasnt have havent having he hello help her here hey hi him his how i id if ill im in into '
    + 'is isnt it its ive just know let like ll lot lots make makes making may maybe me mean meaning means might '
    + 'mine must my no nor not now of off on one onto or our out over please really she should shouldnt so some '
    + 'something such than thank thanks that thats the their them then there these they thing things this those '
    + 'through to too under up us use used uses using ve versus very via vs want wants was wasnt we well were what '
    + 'whats when where whether which while who whom whose why will with within wont would wouldnt yes you your '
    + 'youre'
  ).split(' '));
  const JOINERS = /[-_./\u2010-\u2015]/;

  /**
   * The runs of letters and digits of a text, each as its parts: "a 4-bit DPOTrainer" is [a], [4, bit], [dpo, trainer].
   * @param {string} text
   */
  const runs = (text) => {
    const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').replace(/['\u2019]/g, '')
      .replace(/\p{Ll}(?=\p{Lu}\p{Ll})|\p{Lu}{2}(?=\p{Lu}\p{Ll}{2})/gu, '$&_').toLowerCase();
    return [...plain.matchAll(/[\p{L}\p{N}]+(?:[-_./\u2010-\u2015][\p{L}\p{N}]+)*/gu)].map(([run]) => run.split(JOINERS));
  };
  const isNumber = (/** @type {string} */ word) => /^\d+$/.test(word);

  /**
   * The words of a text as they are indexed; of a compound its parts and the whole: "4-bit" and "4 bit" are 4, bit, 4bit.
   * @param {string} text
   */
  const words = (text) => {
    const found = [];
    let last = '';
    for (const parts of runs(text)) {
      found.push(...parts);
      const [first] = parts;
      if (parts.length > 1) {
        if (parts.length < 5) found.push(parts.join(''));
        last = '';
      } else {
        if (last && isNumber(last) !== isNumber(first) && (last + first).length < 7) found.push(last + first);
        last = first;
      }
    }
    return found.filter((word) => word.length < 40 && !STOP.has(word));
  };

  /**
   * How many letters to change between two words; two neighbours that change places are one change.
   * Optimal string alignment; distance('recieve', 'receive') is 1.
   * @param {string} a @param {string} b
   */
  const distance = (a, b) => {
    const d = Array.from({ length: a.length + 1 }, (_, i) => [i]);
    for (let j = 1; j <= b.length; j++) d[0][j] = j;
    for (let i = 1; i <= a.length; i++) {
      for (let j = 1; j <= b.length; j++) {
        d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + Number(a[i - 1] !== b[j - 1]));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
    return d[a.length][b.length];
  };

  /** The set of a word's letters, as bits. @param {string} word */
  const letters = (word) => {
    let mask = 0;
    for (let i = 0; i < word.length; i++) mask |= 1 << (word.charCodeAt(i) % 32);
    return mask;
  };
  const bits = (/** @type {number} */ mask) => {
    let count = 0;
    for (let left = mask; left; left &= left - 1) count += 1;
    return count;
  };

  const COMPARISONS = [
    /^(?:.*\bdifferences? between )(.+?)\s+(?:and|vs\.?|versus|or)\s+(.+)$/i,
    /^(?:compare|comparing|comparison (?:of|between)) (.+?)\s+(?:and|with|to|vs\.?|versus|or)\s+(.+)$/i,
    /^(?:how (?:is|does|do|are) )?(.+?)\s+(?:vs\.?|versus|v\.|compared? (?:to|with)|against|different (?:from|to|than)|differs? from)\s+(.+)$/i,
    /^(?:.*\b(?:better|choose|faster|cheaper|use|pick)\b[:,]?\s+)?(.+?)\s+or\s+(.+)$/i,
  ];

  /**
   * The two sides of a comparison ("dpo vs ppo", "difference between a and b"), or null.
   * @param {string} query @returns {[string, string] | null}
   */
  const sides = (query) => {
    for (const pattern of COMPARISONS) {
      const found = query.trim().replace(/[?!.\s]+$/, '').match(pattern);
      if (found) return [found[1], found[2]];
    }
    return null;
  };

  /**
   * The words of a passage's text that tell it from other pages, stemmed: the `most` first by how often they stand there
   * and how few pages have them.
   * @param {string} text @param {(word: string) => string} stem @param {Map<string, number>} pagesWith @param {number} pages
   * @param {number} most
   */
  const salient = (text, stem, pagesWith, pages, most) => {
    /** @type {Map<string, number>} */
    const times = new Map();
    for (const word of words(text)) times.set(stem(word), (times.get(stem(word)) ?? 0) + 1);
    const weighed = [...times].map(([word, n]) => {
      return { word, weight: Math.sqrt(n) * Math.log(pages / (pagesWith.get(word) ?? 1)) };
    });
    weighed.sort((a, b) => b.weight - a.weight || (a.word < b.word ? -1 : 1));
    return weighed.filter(({ weight }) => weight > 0.3).slice(0, most).map(({ word }) => word);
  };

  /**
   * An engine over the data that the build writes (`fieldbook/build_search.cjs` says what they are).
   * @param {{MiniSearch: any, stem: (word: string) => string, data: any}} parts
   */
  const createEngine = ({ MiniSearch, stem: stemWord, data }) => {
    if (!Array.isArray(data?.pages)) throw new Error('no search data');
    /** @type {Map<string, string>} */
    const stems = new Map();
    const stem = (/** @type {string} */ word) => {
      let found = stems.get(word);
      if (found === undefined) stems.set(word, found = /^[a-z]+$/.test(word) ? stemWord(word) : word);
      return found;
    };
    /** The two spellings of a name: "fine tun" by its parts, "finetun" each compound as one word. @param {string} text */
    const spellings = (text) => [runs(text).flat(), runs(text).map((parts) => parts.join(''))]
      .map((list) => list.filter((word) => word.length < 40 && !STOP.has(word)).map(stem));
    const key = (/** @type {string} */ text) => spellings(text)[0].join(' ');
    /** A name of stop words alone, such as GoT, is meant by nothing but itself; no other key begins so. @param {string} text */
    const bare = (text) => `=${runs(text).flat().join(' ')}`;

    /** @type {{slug: string, title: string, area: string, url: string, summary: string, aliases: string[]}[]} */
    const pages = [];
    /** @type {{page: number, anchor: string, label: string, kind: string}[]} */
    const passages = [];
    const rows = [];
    /** @type {Set<string>} */
    const vocabulary = new Set();
    /** @type {Map<string, Map<number, number>>} */
    const names = new Map();
    const learn = (/** @type {string} */ text) => words(text).forEach((word) => vocabulary.add(word));
    const add = (/** @type {any} */ passage, /** @type {any} */ fields) => {
      rows.push({ id: passages.length, ...fields });
      passages.push(passage);
      for (const field in fields) if (field !== 'text') learn(fields[field]);
    };
    for (const [slug, title, area, summary, aliases, questions, text, sections, cards] of data.pages) {
      const page = pages.length;
      pages.push({ slug, title, area, url: `docs/${area}/${slug}.html`, summary, aliases });
      add({ page, anchor: '', label: '', kind: 'head' }, { title, aliases: aliases.join(' ; '), summary, text });
      for (const [anchor, heading, body] of sections) {
        add({ page, anchor, label: heading, kind: 'section' }, { heading: data.parts.includes(heading) ? '' : heading, text: body });
      }
      for (const [anchor, question, body] of cards) add({ page, anchor, label: question, kind: 'card' }, { question, text: body });
      for (const question of questions) add({ page, anchor: '', label: question, kind: 'question' }, { question });
      for (const [name, weight] of [...aliases.map((/** @type {string} */ alias) => [alias, ALIAS]), [slug, 1], [title, 1]]) {
        for (const spelt of key(name) ? spellings(name).map((list) => list.join(' ')) : [bare(name)]) {
          const owners = names.get(spelt) ?? new Map();
          if (spelt) names.set(spelt, owners.set(page, weight));
        }
      }
    }
    const index = new MiniSearch({
      fields: Object.keys(WEIGHTS),
      tokenize: (/** @type {string} */ text, /** @type {string} */ field) => field === 'text' ? text.split(' ') : words(text),
      processTerm: (/** @type {string} */ term, /** @type {string} */ field) => field === 'text' ? term : stem(term),
      searchOptions: { boost: WEIGHTS, tokenize: (/** @type {string} */ term) => [term], processTerm: (/** @type {string} */ term) => term },
    });
    index.addAll(rows);
    const speller = new MiniSearch({
      idField: 'word', fields: ['word'], tokenize: (/** @type {string} */ word) => [word], processTerm: (/** @type {string} */ word) => word,
    });
    speller.addAll([...vocabulary].map((word) => ({ word })));

    /** @type {Map<string, Map<number, number>>} */
    const remembered = new Map(); // while somebody types, most words of the query stay
    const scores = (/** @type {string} */ word) => {
      const term = stem(word);
      let found = remembered.get(term);
      if (!found) {
        if (remembered.size > 500) remembered.clear();
        found = new Map(index.search(term).map((/** @type {any} */ hit) => [hit.id, hit.score]));
        remembered.set(term, found);
      }
      return found;
    };
    const isKnown = (/** @type {string} */ word) => scores(word).size > 0;

    /** Each word that may be a misspelt one's nearest, with the set of its letters: a change takes away and adds at most one. */
    const spelt = [...vocabulary].filter((word) => word.length > 3).map((word) => /** @type {[string, number]} */ ([word, letters(word)]));

    /** The nearest words of the site: one change in up to 7 letters, two up to 11, then three. @param {string} word */
    const nearest = (word) => {
      if (word.length < 4 || /\d/.test(word)) return [];
      const most = word.length > 11 ? 3 : word.length > 7 ? 2 : 1;
      /** @type {string[]} */
      let found = [];
      let best = most + 0.1;
      const own = letters(word);
      for (const [id, mask] of spelt) {
        if (Math.abs(id.length - word.length) > best || bits(own & ~mask) > best || bits(mask & ~own) > best) continue;
        const steps = distance(word, id) + (id[0] === word[0] ? 0 : 0.5);
        if (steps < best) found = [];
        if (steps <= best) found.push(id);
        best = Math.min(best, steps);
      }
      return found;
    };
    const begunBy = (/** @type {string} */ word) => word.length < 2 ? [] : speller.search(word, { prefix: true })
      .map((/** @type {any} */ hit) => hit.id).filter((/** @type {string} */ id) => id !== word).slice(0, 20);

    /** What one word of a query finds, how far to trust it, and what it was taken for. @param {string} word @param {boolean} isLast */
    const lookUp = (word, isLast) => {
      const hits = new Map(scores(word));
      const take = (/** @type {string[]} */ others, /** @type {number} */ weight) => {
        for (const other of others) {
          for (const [id, score] of scores(other)) if (score * weight > (hits.get(id) ?? 0)) hits.set(id, score * weight);
        }
      };
      if (hits.size) {
        if (isLast) take(begunBy(word), BEGUN);
        return { word, hits, trust: 1, taken: word };
      }
      const begun = isLast ? begunBy(word) : [];
      const near = begun.length ? [] : nearest(word);
      take(near, MISSPELT);
      if (hits.size) return { word, hits, trust: MISSPELT, taken: near[0] };
      take(begun.length ? begun : begunBy(word), BEGUN);
      return { word, hits, trust: BEGUN, taken: word };
    };

    /** The words of a query to look up; a compound is one word where the site knows it as one. @param {string} query */
    const cut = (query) => {
      const found = [];
      const all = runs(query.slice(0, LONGEST));
      for (let i = 0; i < all.length; i++) {
        const whole = all[i].join('');
        const [next, ...more] = all[i + 1] ?? [];
        const both = whole + next;
        const unknown = (/** @type {string} */ word) => isNumber(word) || word.length === 1 || !(STOP.has(word) || isKnown(word));
        if (all[i].length > 1) {
          found.push(...isKnown(whole) ? [whole] : all[i]);
        } else if (next && !more.length && both.length > 2 && vocabulary.has(both) && (unknown(whole) || unknown(next))) {
          found.push(both);
          i += 1;
        } else {
          found.push(whole);
        }
      }
      return [...new Set(found.filter((word) => word.length < 40 && !STOP.has(word)))].slice(0, MOST_WORDS);
    };

    /** How far a query names each page: words in a row that are a title or an alias. @param {string[][]} readings */
    const namedBy = (readings) => {
      /** @type {Map<number, number>} */
      const found = new Map();
      for (const list of readings) {
        for (let from = 0; from < list.length; from++) {
          for (let to = from + 1; to <= list.length; to++) {
            const share = (to - from) / list.length;
            for (const [page, weight] of names.get(list.slice(from, to).join(' ')) ?? []) {
              found.set(page, Math.max(found.get(page) ?? 0, weight * (share === 1 ? NAMED : HOLDS * share)));
            }
          }
        }
      }
      return found;
    };

    /** All pages that know a word of a query, best first, and whether that is enough to show them. @param {string} query */
    const rank = (query) => {
      const looked = cut(query).map((word, i, list) => lookUp(word, i === list.length - 1));
      if (!looked.length) {
        const found = [...names.get(bare(query.slice(0, LONGEST))) ?? []]
          .map(([page, score]) => ({ page, score, share: 1, passage: passages.find((passage) => passage.page === page) }));
        return { found, enough: found.length > 0, looked };
      }
      /** @type {Map<number, [number, number]>} */
      const byPage = new Map();
      /** @type {Map<number, [number, number]>} */
      const byPassage = new Map();
      const count = (/** @type {Map<number, [number, number]>} */ into, /** @type {number} */ id, /** @type {number} */ score, /** @type {number} */ known) => {
        const [s, k] = into.get(id) ?? [0, 0];
        into.set(id, [s + score, k + known]);
      };
      let total = 0;
      for (const { hits, trust } of looked) {
        /** @type {Map<number, number>} */
        const best = new Map();
        for (const [id, score] of hits) best.set(passages[id].page, Math.max(score, best.get(passages[id].page) ?? 0));
        const rarity = Math.log(1 + pages.length / (best.size + 0.5));
        total += rarity;
        for (const [page, score] of best) count(byPage, page, score, rarity * trust);
        for (const [id, score] of hits) count(byPassage, id, score, rarity * trust);
      }
      /** @type {Map<number, {score: number, id: number}>} */
      const top = new Map();
      for (const [id, [sum, known]] of byPassage) {
        const score = sum * known / total;
        const { page } = passages[id];
        if (score > (top.get(page)?.score ?? -1)) top.set(page, { score, id });
      }
      const named = namedBy([looked.map(({ taken }) => stem(taken)), ...spellings(query.slice(0, LONGEST)).map((list) => list.slice(0, MOST_WORDS))]);
      const found = [...byPage].map(([page, [sum, known]]) => {
        const share = known / total;
        const { score, id } = /** @type {{score: number, id: number}} */ (top.get(page));
        return { page, share, passage: passages[id], score: (share ** COVERAGE * sum + PASSAGE * score) * (1 + (named.get(page) ?? 0)) };
      });
      found.sort((a, b) => b.score - a.score || a.page - b.page);
      const known = looked.reduce((sum, { hits, trust }) => sum + (hits.size ? Math.sqrt(trust) : 0), 0) / (looked.length || 1);
      const isName = found.length > 0 && (named.get(found[0].page) ?? 0) > HOLDS;
      const enough = isName || found.slice(0, 1).some(({ share, score }) => 4 * share + 2 * Math.log(score) + 6 * known >= ENOUGH);
      return { found, enough, looked };
    };

    /** The pages that a text names, as a whole. @param {string} text */
    const ownersOf = (text) => new Set(spellings(text).flatMap((list) => [...names.get(list.join(' '))?.keys() ?? []]));

    /** A comparison shows first the page that bears its name, then both of its sides. @param {string} query @param {any[]} all */
    const compare = (query, all) => {
      const pair = sides(query.slice(0, LONGEST));
      if (!pair) return null;
      const [left, right] = pair;
      const shared = `${left} ${right.trim().split(/\s+/).at(-1)}`; // "dense and sparse retrieval"
      const a = rank(!ownersOf(left).size && ownersOf(shared).size ? shared : left);
      const b = rank(right);
      if (!a.enough || !b.enough || !a.found.length || !b.found.length) return null;
      const one = a.found[0];
      const other = b.found.find(({ page }) => page !== one.page) ?? one;
      const own = ownersOf(query);
      const seen = new Set();
      return [...all.filter(({ page }) => own.has(page)), one, other, ...all].filter(({ page }) => !seen.has(page) && seen.add(page));
    };

    /**
     * What a query finds: results, best first; how misspelt words were taken; and what comes nearest if nothing is found.
     * @param {string} query @param {number} limit
     */
    const ask = (query, limit) => {
      const { found, enough, looked } = rank(query);
      const pair = compare(query, found);
      const best = (pair ?? found).slice(0, limit).map(({ page, passage, score, share }) => ({ ...pages[page], passage, score, share }));
      const isFound = enough || pair !== null;
      return {
        results: isFound ? best : [],
        more: isFound && found.length > limit,
        near: isFound || !looked.some(({ trust, hits }) => trust === 1 && hits.size) ? [] : best.slice(0, 3),
        compared: pair !== null,
        taken: looked.filter(({ word, taken }) => word !== taken).map(({ word, taken }) => ({ word, taken })),
        places: (data.places ?? []).filter((/** @type {string[]} */ [title]) => key(title) !== '' && key(title) === key(query)),
      };
    };

    /** Where words of a text stand that the query means, as [from, to]. @param {string} text @param {string} query */
    const marks = (text, query) => {
      const list = cut(query);
      const wanted = new Set(list.map((word, i) => stem(lookUp(word, i === list.length - 1).taken)));
      for (const [run] of query.slice(0, LONGEST).matchAll(/[\p{L}\p{N}]+/gu)) if (!STOP.has(run.toLowerCase())) wanted.add(stem(run.toLowerCase()));
      const last = list.at(-1) ?? '';
      return [...text.matchAll(/[\p{L}\p{N}]+(?:[-_][\p{L}\p{N}]+)*/gu)].flatMap((found) => {
        const hit = (/** @type {string} */ part) => words(part).some((word) => wanted.has(stem(word)) || (last.length > 2 && word.startsWith(last)));
        return hit(found[0]) ? [[found.index, found.index + found[0].length]] : [];
      });
    };

    return { ask, marks, pages };
  };

  return { createEngine, words, runs, distance, sides, salient };
});

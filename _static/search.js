// @ts-check
// The search box: a combobox in the sidebar, on the home page, and over any page by "/" or Ctrl-K.
// Engine and data (search-engine.js, search/) are loaded when the reader first goes to a box, as scripts: from disk a
// page may load nothing else. Whatever a query or a page says is put in as text, never as HTML. Nothing is stored.
// For tests and other tools: await fieldbook.search(query, {limit}) gives [{slug, title, url, section, score}], best first.
(() => {
  const SHOWN = 6;
  const SHOWN_ON_PAGE = 30;
  const root = new URL(document.documentElement.dataset.content_root ?? './', location.href);
  const address = (/** @type {string} */ path) => new URL(path, root).href;
  const RESULTS = address('search.html');
  const SCRIPTS = ['search/minisearch.js', 'search/stemmer.js', 'search/data.js', 'search-engine.js'];
  /** @type {any} */
  const shared = globalThis;

  /** @type {Promise<any> | null} */
  let loading = null;
  /** @type {any} */
  let engine = null;
  let failures = 0;

  /** @param {string} name @returns {Promise<void>} */
  const addScript = (name) => new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = address(`_static/${name}`) + (failures ? `?again=${failures}` : ''); // past what the cache holds
    script.onload = () => resolve();
    script.onerror = () => {
      script.remove();
      reject(new Error(`${name} could not be loaded`));
    };
    document.head.append(script);
  });

  /** Load the engine, once; after a failure the next call tries again. */
  const load = () => {
    loading ??= Promise.all(SCRIPTS.map(addScript)).then(() => {
      const stemmer = new shared.EnglishStemmer();
      const stem = (/** @type {string} */ word) => stemmer.stemWord(word);
      engine = shared.fieldbookEngine.createEngine({ MiniSearch: shared.MiniSearch, stem, data: shared.fieldbookSearchData });
      return engine;
    });
    loading.catch(() => {
      if (loading) failures += 1;
      loading = null;
    });
    return loading;
  };

  shared.fieldbook = {
    ...shared.fieldbook,
    /** @param {string} query @param {{limit?: number}} [options] */
    search: async (query, { limit = 10 } = {}) => (await load()).ask(String(query ?? ''), limit).results.map((/** @type {any} */ result) => ({
      slug: result.slug,
      title: result.title,
      url: address(result.url),
      section: result.passage.anchor,
      score: result.score,
    })),
  };

  // --- what is shown ---------------------------------------------------------------------------------------------------

  /** @param {string} tag @param {Record<string, string>} attributes @param {...(Node | string)} children */
  const make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  /** A text with the words marked that the query means. @param {string} text @param {string} query */
  const marked = (text, query) => {
    const parts = document.createDocumentFragment();
    let at = 0;
    for (const [from, to] of engine.marks(text, query)) {
      parts.append(text.slice(at, from), make('mark', {}, text.slice(from, to)));
      at = to;
    }
    parts.append(text.slice(at));
    return parts;
  };

  const quoted = (/** @type {string} */ text) => `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;
  const areaOf = (/** @type {string} */ area) => area[0].toUpperCase() + area.slice(1);

  /** The alias that the query has words of, if title and summary have none: it says why the page is here. @param {any} result @param {string} query */
  const reason = (result, query) => {
    if (result.passage.kind === 'question') return [marked(result.passage.label, query)];
    if (engine.marks(result.title, query).length) return [];
    const alias = result.aliases.find((/** @type {string} */ name) => engine.marks(name, query).length);
    return alias ? ['Found as ', marked(alias, query)] : [];
  };

  /** @param {any} result @param {string} query */
  const hit = (result, query) => {
    const why = reason(result, query);
    return [
      make('span', { class: 'fb-hit-title' }, marked(result.title, query)),
      make('span', { class: 'fb-hit-area' }, areaOf(result.area)),
      make('span', { class: 'fb-hit-summary' }, marked(result.summary, query)),
      ...why.length ? [make('span', { class: 'fb-hit-why' }, ...why)] : [],
    ];
  };
  const sectionOf = (/** @type {any} */ result) => ['section', 'card'].includes(result.passage.kind)
    ? { href: `${address(result.url)}#${result.passage.anchor}`, label: result.passage.label } : null;

  /** What is said above the results, and read out. @param {any} answer @param {string} query */
  const say = (answer, query) => {
    const taken = answer.taken.map((/** @type {any} */ { word, taken }) => `${quoted(word)} was read as ${quoted(taken)}.`);
    const count = answer.results.length + answer.places.length;
    const near = answer.near.length ? 'The nearest that there is:' : 'These are the areas of the Fieldbook:';
    if (!count) return [`Nothing here is about ${quoted(query)}.`, ...answer.near.length ? taken : [], near].join(' ');
    const both = answer.compared ? ['Both sides of the comparison come first.'] : [];
    const found = answer.more ? `The ${count} best pages.` : `${count} ${count === 1 ? 'page' : 'pages'} found.`;
    return [found, ...taken, ...both].join(' ');
  };
  const FAILED = 'The search could not be loaded. Press Enter to try again, or take the index from A to Z.';
  const AREAS = () => [...new Set(engine.pages.map((/** @type {any} */ page) => page.area))].sort();

  let made = 0;

  /** A combobox: an input, and the list under it. */
  class Box {
    /** @param {HTMLFormElement} form @param {boolean} floats Whether the list lies over the page. */
    constructor(form, floats) {
      this.form = form;
      this.input = /** @type {HTMLInputElement} */ (form.querySelector('input[name=q]'));
      const id = `fb-list-${made++}`;
      this.status = make('p', { class: 'fb-status', role: 'status' });
      this.list = make('div', { class: 'fb-list', id, role: 'listbox', 'aria-label': 'Pages' });
      this.panel = make('div', { class: 'fb-panel', ...floats ? { popover: 'manual' } : {}, hidden: '' }, this.status, this.list);
      this.floats = floats;
      this.frame = 0;
      this.failed = false;
      form.append(this.panel);
      form.action = RESULTS;
      for (const [name, value] of Object.entries({
        role: 'combobox', 'aria-expanded': 'false', 'aria-controls': id, 'aria-autocomplete': 'list', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false',
      })) this.input.setAttribute(name, value);
      this.input.addEventListener('focus', () => load().catch(() => {}), { once: true });
      this.input.addEventListener('input', () => this.update());
      this.input.addEventListener('keydown', (event) => this.onKey(event));
      this.form.addEventListener('focusout', (event) => {
        if (!form.contains(/** @type {Node | null} */ (event.relatedTarget))) this.close();
      });
      // A click must not take the focus from the input: the list would close before it arrives.
      this.panel.addEventListener('mousedown', (event) => event.preventDefault());
      form.addEventListener('submit', (event) => {
        if (this.failed || !this.input.value.trim()) event.preventDefault();
        if (this.failed) this.update();
      });
    }

    options() {
      return [.../** @type {NodeListOf<HTMLAnchorElement>} */ (this.list.querySelectorAll('[role=option]'))];
    }

    active() {
      return this.options().find((option) => option.getAttribute('aria-selected') === 'true');
    }

    /** Show what the input asks for now; of many keys in one frame the last counts. */
    update() {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.show());
    }

    show() {
      const query = this.input.value.trim();
      if (!query) return this.close();
      if (!engine) {
        this.open('Loading…', []);
        return void load().then(() => this.show(), () => this.fail());
      }
      this.failed = false;
      const answer = engine.ask(query, SHOWN);
      const results = answer.results.length ? answer.results : answer.near;
      const groups = results.map((/** @type {any} */ result) => {
        const section = sectionOf(result);
        return make('div', { role: 'group', class: 'fb-group', 'aria-label': result.title },
          this.option(address(result.url), ...hit(result, query)),
          ...section ? [this.option(section.href, make('span', { class: 'fb-hit-section' }, marked(section.label, query)))] : []);
      });
      const found = answer.results.length + answer.places.length > 0;
      const others = [
        ...answer.places.map((/** @type {string[]} */ [title, path]) => [title, address(path)]),
        ...found || results.length ? [] : AREAS().map((area) => [areaOf(area), address(`docs/${area}/index.html`)]),
        ...found ? [['All results', `${RESULTS}?q=${encodeURIComponent(query)}`]] : [['Every concept, A to Z', address('docs/about/a-to-z.html')]],
      ];
      const rest = others.map(([label, href]) => this.option(href, make('span', { class: 'fb-hit-more' }, label)));
      this.open(say(answer, query), [...groups, make('div', { role: 'group', class: 'fb-group', 'aria-label': 'Also' }, ...rest)]);
    }

    fail() {
      this.failed = true;
      this.open(FAILED, [make('div', { role: 'group', class: 'fb-group', 'aria-label': 'Also' },
        this.option(address('docs/about/a-to-z.html'), make('span', { class: 'fb-hit-more' }, 'Every concept, A to Z')))]);
    }

    /** @param {string} href @param {...Node} children */
    option(href, ...children) {
      return make('a', { role: 'option', id: `fb-option-${made++}`, href, tabindex: '-1', 'aria-selected': 'false' }, ...children);
    }

    /** @param {string} text @param {Node[]} groups */
    open(text, groups) {
      this.status.textContent = text;
      this.list.replaceChildren(...groups);
      this.list.scrollTop = 0;
      this.list.hidden = !groups.length;
      this.panel.hidden = false;
      this.input.removeAttribute('aria-activedescendant');
      this.input.setAttribute('aria-expanded', String(groups.length > 0));
      if (this.floats) this.place();
    }

    place() {
      const box = this.input.getBoundingClientRect();
      const width = Math.min(640, innerWidth - 16);
      const left = Math.max(8, Math.min(box.left, innerWidth - width - 8));
      Object.assign(this.panel.style, { left: `${left}px`, top: `${box.bottom + 4}px`, width: `${width}px`, maxHeight: `${Math.max(160, innerHeight - box.bottom - 16)}px` });
      if (this.panel.showPopover && !this.panel.matches(':popover-open')) this.panel.showPopover();
    }

    close() {
      cancelAnimationFrame(this.frame);
      if (this.panel.hidden) return;
      if (this.floats && this.panel.hidePopover && this.panel.matches(':popover-open')) this.panel.hidePopover();
      this.panel.hidden = true;
      this.list.replaceChildren();
      this.input.setAttribute('aria-expanded', 'false');
      this.input.removeAttribute('aria-activedescendant');
    }

    /** @param {number} step */
    move(step) {
      const options = this.options();
      if (!options.length) return;
      const now = options.findIndex((option) => option === this.active());
      // Beyond either end lies the input itself.
      const next = (now + 1 + step + options.length + 1) % (options.length + 1) - 1;
      options.forEach((option, i) => option.setAttribute('aria-selected', String(i === next)));
      if (next < 0) return this.input.removeAttribute('aria-activedescendant');
      this.input.setAttribute('aria-activedescendant', options[next].id);
      options[next].scrollIntoView({ block: 'nearest' });
    }

    /** @param {KeyboardEvent} event */
    onKey(event) {
      if (event.isComposing) return;
      const open = !this.panel.hidden;
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        if (open) this.move(event.key === 'ArrowDown' ? 1 : -1);
        else this.update();
      } else if (event.key === 'Escape' && open) {
        event.preventDefault(); // the first closes the list, the next what is around it
        event.stopPropagation();
        this.close();
      } else if (event.key === 'Enter') {
        const option = this.active();
        if (!option) return;
        event.preventDefault();
        if (event.ctrlKey || event.metaKey) open_(option.href);
        else option.click();
      }
    }
  }
  const open_ = (/** @type {string} */ href) => window.open(href, '_blank', 'noopener');

  // --- where it stands ---------------------------------------------------------------------------------------------------

  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[role=search]'))) new Box(form, true);

  /** @type {HTMLDialogElement | null} */
  let dialog = null;
  const openDialog = () => {
    if (!dialog) {
      const form = make('form', { role: 'search', class: 'fb-search', method: 'get', 'aria-label': 'In this window' },
        make('input', { type: 'search', name: 'q', 'aria-label': 'Search the Fieldbook', placeholder: 'A name, an acronym, a question' }),
        make('button', { type: 'button', class: 'fb-close' }, 'Close'));
      dialog = /** @type {HTMLDialogElement} */ (make('dialog', { class: 'fb-dialog', 'aria-label': 'Search' }, form));
      document.body.append(dialog);
      new Box(/** @type {HTMLFormElement} */ (form), false);
      form.querySelector('button')?.addEventListener('click', () => dialog?.close());
      form.addEventListener('keydown', (event) => { // the browser would first empty the box
        if (event.key === 'Escape') {
          event.preventDefault();
          dialog?.close();
        }
      });
      dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog?.close(); });
    }
    if (!dialog.open) dialog.showModal();
    const input = /** @type {HTMLInputElement} */ (dialog.querySelector('input'));
    input.focus();
    input.select();
  };
  addEventListener('keydown', (event) => {
    const at = /** @type {HTMLElement | null} */ (event.target instanceof HTMLElement ? event.target : null);
    const types = at?.closest('input:not([type=checkbox], [type=range], [type=radio], [type=button]), textarea, select, [contenteditable]');
    const slash = event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !types;
    const control = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (!slash && !control) return;
    event.preventDefault();
    event.stopPropagation(); // Sphinx has a "/" too, which goes to the first box of the page
    openDialog();
  }, true);

  const header = document.querySelector('.mobile-header .header-right');
  if (header) {
    const button = make('button', { type: 'button', class: 'fb-open-search', 'aria-label': 'Search' });
    button.innerHTML = '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><circle cx="10" cy="10" r="7"/><path d="m15.5 15.5 6 6"/></svg>';
    button.addEventListener('click', openDialog);
    header.prepend(button);
  }

  // --- the page of results -----------------------------------------------------------------------------------------------

  const page = document.getElementById('fb-results');
  const query = new URLSearchParams(location.search).get('q')?.trim() ?? '';
  if (page && query) {
    for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('form[role=search] input[name=q]'))) input.value = query;
    document.title = `${quoted(query)} - ${document.title}`;
    const status = make('p', { role: 'status' }, 'Loading…');
    const list = make('ol', { class: 'fb-hits' });
    page.append(status, list);
    const link = (/** @type {string} */ href, /** @type {string} */ label) => make('li', {}, make('a', { class: 'fb-hit-title', href }, label));
    const index = () => link(address('docs/about/a-to-z.html'), 'Every concept, A to Z');
    const show = () => {
      const answer = engine.ask(query, SHOWN_ON_PAGE);
      status.textContent = say(answer, query);
      list.replaceChildren(
        ...answer.places.map((/** @type {string[]} */ [title, path]) => link(address(path), title)),
        ...(answer.results.length ? answer.results : answer.near).map((/** @type {any} */ result) => {
          const [title, ...rest] = hit(result, query);
          const section = sectionOf(result);
          return make('li', {}, make('a', { href: address(result.url) }, title), ...rest,
            ...section ? [make('a', { class: 'fb-hit-section', href: section.href }, marked(section.label, query))] : []);
        }));
      if (!answer.results.length && !answer.places.length) {
        if (!answer.near.length) list.append(...AREAS().map((area) => link(address(`docs/${area}/index.html`), areaOf(area))));
        list.append(index());
      }
    };
    load().then(show, () => {
      status.textContent = 'The search could not be loaded. Load this page again, or take the index from A to Z.';
      list.replaceChildren(index());
    });
  }
})();

// @ts-check
// Explorables: a slider shows another of the frames that the build has drawn. Nothing is computed here.
// The state stands in the address, as in #explore-temperature-tail=tau:1.2; what it does not understand is the default.
// "Play" moves the parameter that was touched last, up to its end, and stops at whatever else the reader does.
(() => {
  /** @param {HTMLElement} figure */
  const open = (figure) => {
    const inputs = [...figure.querySelectorAll('input')];
    const values = inputs.map((input) => /** @type {string[]} */ (JSON.parse(input.dataset.values ?? '[]')));
    const prefix = `#explore-${figure.dataset.explore}=`;
    const template = figure.querySelector('template');
    const stage = figure.querySelector('.fb-frame');
    const sentence = figure.querySelector('.fb-say p');
    const point = figure.querySelector('.fb-point');
    const play = figure.querySelector('button[name=play]');
    if (!template || !stage || !sentence || !point || !play) return;
    const still = matchMedia('(prefers-reduced-motion: reduce)');
    let played = inputs[0];
    let timer = 0;

    const show = () => {
      const at = inputs.reduce((index, input, i) => index * values[i].length + Number(input.value), 0);
      const frame = /** @type {HTMLElement} */ (template.content.children[at]);
      stage.replaceChildren(...[...frame.children].map((part) => part.cloneNode(true)));
      sentence.textContent = frame.dataset.say ?? '';
      const texts = inputs.map((input, i) => {
        const text = values[i][Number(input.value)];
        input.setAttribute('aria-valuetext', text);
        const label = /** @type {HTMLElement} */ (input.parentElement);
        /** @type {HTMLOutputElement} */ (label.querySelector('output')).value = text;
        return `${label.querySelector('span')?.textContent} = ${text}`;
      });
      point.textContent = texts.join(', ');
    };
    const halt = () => {
      clearInterval(timer);
      timer = 0;
      play.textContent = 'Play';
      sentence.setAttribute('aria-live', 'polite');
    };
    const stop = () => {
      if (!timer) return;
      halt();
      show();
      played.dispatchEvent(new Event('change'));
    };
    const step = () => {
      played.value = String(Number(played.value) + 1);
      show();
      if (played.value === played.max) stop();
    };
    const start = () => {
      if (still.matches) return;
      if (played.value === played.max) played.value = played.min;
      sentence.setAttribute('aria-live', 'off'); // the last frame alone is read out
      show();
      play.textContent = 'Stop';
      timer = setInterval(step, Math.min(600, Math.max(200, 6000 / Number(played.max))));
    };
    const reset = () => {
      halt();
      for (const input of inputs) input.value = input.defaultValue;
      show();
    };
    /** @param {string} fragment */
    const address = (fragment) => {
      try {
        history.replaceState(history.state, '', fragment || location.pathname + location.search);
      } catch { /* a browser may refuse; the frame is shown all the same */ }
    };
    const read = () => {
      if (!location.hash.startsWith(prefix)) return;
      /** @type {number[]} */
      let found = [];
      try {
        const parts = decodeURIComponent(location.hash.slice(prefix.length)).split(',');
        if (parts.length === inputs.length) {
          found = inputs.map((input, i) => {
            const [name, ...rest] = parts[i].split(':');
            return name === input.name ? values[i].indexOf(rest.join(':')) : -1;
          });
        }
      } catch { /* no address of ours */ }
      if (found.length && found.every((index) => index >= 0)) {
        halt();
        found.forEach((index, i) => { inputs[i].value = String(index); });
        show();
      } else reset();
      figure.scrollIntoView({ behavior: 'instant' }); // as the browser does for an anchor
    };

    for (const input of inputs) {
      input.addEventListener('focus', () => { stop(); played = input; });
      input.addEventListener('input', () => { halt(); played = input; show(); });
      input.addEventListener('change', () => {
        const parts = inputs.map((each, i) => `${each.name}:${encodeURIComponent(values[i][Number(each.value)])}`);
        address(prefix + parts.join(','));
      });
    }
    play.addEventListener('click', () => { if (timer) stop(); else start(); });
    still.addEventListener('change', stop);
    document.addEventListener('visibilitychange', stop);
    figure.querySelector('button[name=reset]')?.addEventListener('click', () => {
      reset();
      if (location.hash.startsWith(prefix)) address('');
    });
    addEventListener('hashchange', read);
    read();
  };
  for (const figure of document.querySelectorAll('[data-explore]')) open(/** @type {HTMLElement} */ (figure));
})();

// @ts-check
// What is wider than the screen can be scrolled from the keyboard: not every browser gives such a box the focus.
(() => {
  const mark = () => {
    for (const box of document.querySelectorAll('.table-wrapper, .math-wrapper, .highlight pre')) {
      if (box.scrollWidth > box.clientWidth) box.setAttribute('tabindex', '0');
      else box.removeAttribute('tabindex');
    }
  };
  addEventListener('resize', mark);
  document.addEventListener('toggle', mark, true); // an opened fold
  document.fonts.addEventListener('loadingdone', mark); // formulas widen when their fonts arrive
  mark();
})();

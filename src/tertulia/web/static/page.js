'use strict';
// What HTML cannot do by itself: send with Ctrl + Enter, open what a node of the graph stands for, and keep a thinking
// block open while it grows unless the reader has decided otherwise.
(() => {
  const decided = new Set();

  addEventListener('keydown', event => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    const box = event.target.closest?.('[data-send]');
    if (box && box.form.reportValidity()) box.form.requestSubmit();
  });

  addEventListener('click', event => {
    const summary = event.target.closest?.('.thinking > summary');
    if (summary) decided.add(summary.parentElement.id);
    const link = event.target.closest?.('a');
    const where = link?.getAttribute('href') ?? link?.getAttribute('xlink:href') ?? '';
    if (where.startsWith('#')) show(where.slice(1));
  });

  const show = id => {
    const there = document.getElementById(id);
    if (!there) return;
    if (there.tagName === 'DETAILS') {
      there.open = true;
      there.querySelector('summary').focus({preventScroll: true});
    }
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    there.scrollIntoView({behavior: still ? 'auto' : 'smooth', block: 'start'});
  };

  const fold = () => {
    for (const one of document.querySelectorAll('.thinking')) {
      if (!decided.has(one.id)) one.open = one.hasAttribute('data-live');
    }
  };

  addEventListener('htmx:sse:after:message', fold);
  addEventListener('DOMContentLoaded', () => {
    fold();
    if (location.hash.length > 1) show(location.hash.slice(1));
  });
})();

/* The bell: lets htmx ask for its number while somebody looks at the page, opens what is new, and
   closes it. Without htmx, and with this file missing, the bell is a link. It needs no eval. */
(() => {
  'use strict';

  // The bell and the stream's page both bring this file, and a boosted page brings it again.
  if (window.activitystream) return;
  window.activitystream = {};

  const LEAST_SECONDS_BETWEEN_QUESTIONS = 1;
  let timer = null;
  let loggedOut = false;
  let asked = 0;

  const bells = () => [...document.querySelectorAll('.activitystream-bell')];
  const bellOf = (node) => node instanceof Element && node.closest('.activitystream-bell');
  const linkOf = (bell) => bell.querySelector('.activitystream-bell-link');
  const countOf = (bell) => bell.querySelector('.activitystream-count');
  const panelOf = (bell) => bell.querySelector('.activitystream-panel');
  const sentenceOf = (bell) => {
    const count = countOf(bell);
    return count && !count.hidden ? count.querySelector('.activitystream-hidden').textContent : '';
  };

  // Asking

  function ask() {
    if (loggedOut || !window.htmx || document.visibilityState !== 'visible') return;
    asked = Date.now();
    for (const bell of bells()) {
      if (countOf(bell)) htmx.trigger(countOf(bell), 'activitystream:ask');
    }
  }

  // To come back to a page is a change of visibility, or a focus, or both.
  function askOnReturn() {
    if (Date.now() - asked >= LEAST_SECONDS_BETWEEN_QUESTIONS * 1000) ask();
  }

  function endOfLogin() {
    loggedOut = true;
    clearInterval(timer);
    for (const bell of bells()) {
      close(bell);
      if (countOf(bell)) countOf(bell).hidden = true;
    }
  }

  // Opening and closing

  function open(bell) {
    const panel = panelOf(bell);
    panel.hidden = false;
    panel.setAttribute('aria-busy', 'true');
    linkOf(bell).setAttribute('aria-expanded', 'true');
    panel.classList.remove('activitystream-panel-start');
    if (panel.getBoundingClientRect().left < 0) panel.classList.add('activitystream-panel-start');
    htmx.trigger(panel, 'activitystream:open');
  }

  function close(bell) {
    if (panelOf(bell).hidden) return;
    panelOf(bell).hidden = true;
    linkOf(bell).setAttribute('aria-expanded', 'false');
  }

  function toggle(bell) {
    if (panelOf(bell).hidden) open(bell);
    else close(bell);
  }

  // What is new in the page

  function dress(root) {
    for (const bell of bells()) {
      if (bell.activitystreamSaid !== undefined) continue;
      bell.activitystreamSaid = sentenceOf(bell);
      linkOf(bell).setAttribute('role', 'button');
      linkOf(bell).setAttribute('aria-expanded', 'false');
      const seconds = Number(bell.dataset.activitystreamInterval);
      if (timer === null && seconds) timer = setInterval(ask, seconds * 1000);
    }
    for (const time of root.querySelectorAll('time.activitystream-time')) {
      time.title = new Date(time.dateTime).toLocaleString(document.documentElement.lang || []);
    }
  }

  // A screen reader is told of another number, and not of the same one again.
  function announce(bell) {
    const sentence = sentenceOf(bell);
    if (sentence === bell.activitystreamSaid) return;
    bell.activitystreamSaid = sentence;
    bell.querySelector('[role=status]').textContent = sentence;
  }

  // Before htmx gets to see it, which may have boosted the link.
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('.activitystream-bell-link');
    const plain = !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link && plain && window.htmx && !loggedOut) {
      event.preventDefault();
      event.stopPropagation();
      toggle(bellOf(link));
    }
    for (const bell of bells()) {
      if (bell !== bellOf(event.target)) close(bell);
    }
  }, true);

  document.addEventListener('keydown', (event) => {
    const bell = bellOf(event.target);
    if (event.key === 'Escape') {
      for (const each of bells()) {
        if (bell === each && !panelOf(bell).hidden) linkOf(bell).focus();
        close(each);
      }
    } else if (event.key === ' ' && bell && event.target === linkOf(bell)) {
      event.preventDefault();
      event.target.click();
    }
  });

  document.addEventListener('focusout', (event) => {
    const bell = bellOf(event.target);
    if (bell && event.relatedTarget && !bell.contains(event.relatedTarget)) close(bell);
  });

  document.addEventListener('visibilitychange', askOnReturn);
  window.addEventListener('focus', askOnReturn);

  document.addEventListener('htmx:load', (event) => {
    dress(event.target.parentNode || document);
    const bell = bellOf(event.target);
    if (bell) announce(bell);
  });

  document.addEventListener('htmx:afterRequest', (event) => {
    const bell = bellOf(event.target);
    if (!bell || event.target === countOf(bell)) return;
    if (event.target !== panelOf(bell)) {
      ask(); // what was shown has been marked as seen
    } else {
      event.target.removeAttribute('aria-busy');
      // The page itself says better than we could what is wrong.
      if (!event.detail.successful && !panelOf(bell).hidden) location.assign(linkOf(bell).href);
    }
  });

  document.addEventListener('htmx:responseError', (event) => {
    if (event.detail.xhr.status === 401 && bellOf(event.target)) endOfLogin();
  });

  if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', () => dress(document));
  } else {
    dress(document);
  }
})();

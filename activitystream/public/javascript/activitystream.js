/* The bell: has htmx update the number while the page is visible, and opens and closes the list.
   Without htmx or without this file, the bell is a link. Besides, it keeps the times of all lists up
   to date, by times.js. It needs no eval. */
(() => {
  'use strict';

  // The bell and the stream's page both load this file, and a boosted page loads it again.
  if (window.activitystream) return;
  window.activitystream = {};

  const MIN_SECONDS_BETWEEN_REQUESTS = 1;
  const MINUTE = 60 * 1000;
  const IDLE = 10 * MINUTE; // after it, a bell asks ten times less often
  let timer = null;
  let active = Date.now();
  let loggedOut = false;
  let asked = 0;
  let focusNextLines = false;

  const bells = () => [...document.querySelectorAll('.activitystream-bell')];
  const menuOf = (node) => node instanceof Element && node.closest('.activitystream-menu');
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

  function askInTurn(interval) {
    const isIdle = Date.now() - active >= IDLE;
    if (!isIdle || Date.now() - asked >= 10 * interval) ask();
  }

  function noteActivity() {
    const wasIdle = Date.now() - active >= IDLE;
    active = Date.now();
    if (wasIdle) askOnReturn();
  }

  // Returning to a page changes its visibility, or its focus, or both.
  function askOnReturn() {
    if (Date.now() - asked >= MIN_SECONDS_BETWEEN_REQUESTS * 1000) ask();
  }

  function endOfLogin() {
    loggedOut = true;
    clearInterval(timer);
    timer = null;
    for (const bell of bells()) {
      close(bell);
      linkOf(bell).removeAttribute('role');
      linkOf(bell).removeAttribute('aria-expanded');
      if (countOf(bell)) countOf(bell).hidden = true;
    }
  }

  // Opening and closing

  function open(bell) {
    const panel = panelOf(bell);
    panel.replaceChildren();
    panel.style.height = '';
    panel.tabIndex = 0; // a user who presses Tab before the answer arrives gets here
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
    // Abort the request: it would mark as seen what nobody saw.
    if (panelOf(bell).hasAttribute('aria-busy')) htmx.trigger(panelOf(bell), 'htmx:abort');
  }

  function toggle(bell) {
    if (panelOf(bell).hidden) open(bell);
    else close(bell);
  }

  // Reading

  function toggleRead(form) {
    const line = form.closest('li');
    const hadFocus = form.contains(document.activeElement);
    setUnread(line, !line.classList.contains('activitystream-unread'));
    if (hadFocus) form.querySelector('button:not([hidden])').focus();
  }

  // The action may be in the bell and in the page. A group has the lines of its actions in its own.
  function setUnread(line, isUnread) {
    for (const each of document.querySelectorAll('[data-activitystream-action]')) {
      if (each.dataset.activitystreamAction !== line.dataset.activitystreamAction) continue;
      for (const one of [each, ...each.querySelectorAll('[data-activitystream-action]')]) {
        one.classList.toggle('activitystream-unread', isUnread);
      }
      for (const part of each.querySelectorAll('.activitystream-if-unread')) part.hidden = !isUnread;
      for (const part of each.querySelectorAll('.activitystream-if-read')) part.hidden = isUnread;
    }
  }

  // The server marks what is followed as read. This page may be shown again, by Back.
  function follow(link) {
    const line = link.closest('li.activitystream-unread');
    if (line && link.pathname.endsWith('/see')) setUnread(line, false);
  }

  // Lines that arrive while the bell is open

  const nameOf = (line) => line.dataset.activitystreamGroup || line.dataset.activitystreamAction;
  const momentOf = (line) => {
    const time = line.querySelector(':scope > .activitystream-time');
    return time && time.dateTime;
  };
  const areSame = (a, b) => nameOf(a) === nameOf(b) && momentOf(a) === momentOf(b);
  const isInUse = (line) => line.contains(document.activeElement) || line.querySelector('[open]');

  async function insertNewLines(bell) {
    const panel = panelOf(bell);
    const answer = await fetch(panel.getAttribute('hx-post'), { headers: { 'HX-Request': 'true' } });
    const list = panel.querySelector('.activitystream-actions');
    if (!answer.ok || panel.hidden || panel.hasAttribute('aria-busy')) return;
    const parsed = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (!list) return open(bell); // it said that there is nothing
    const there = [...list.children];
    const lines = [...parsed.querySelectorAll('.activitystream-newest .activitystream-actions > li')];
    const last = lines.findIndex((line) => there.some((each) => areSame(each, line)));
    const arrived = last < 0 ? lines : lines.slice(0, last);
    // What is being read stays where it is: the panel scrolls by what changes above.
    panel.style.height = `${panel.getBoundingClientRect().height}px`;
    const { top } = panel.getBoundingClientRect();
    const places = new Map(there.map((line) => [line, line.getBoundingClientRect()]));
    // What a group's new line replaces. What the answer still has is a group of its own.
    const formerOf = (line) => there.find((each) => each.isConnected && nameOf(each) === nameOf(line)
      && !lines.some((other) => areSame(each, other)));
    for (const line of [...arrived].reverse()) {
      const former = formerOf(line);
      if (!former) list.prepend(line);
      else if (!isInUse(former)) former.replaceWith(line);
    }
    const read = there.find((line) => line.isConnected && places.get(line).bottom > top);
    if (read) panel.scrollTop += read.getBoundingClientRect().top - places.get(read).top;
    for (const line of arrived) if (line.isConnected) htmx.process(line);
    arrange(panel);
  }

  // Days and times, which another file tells

  const times = import(new URL('times.js', document.currentScript.src).href);
  const arrange = (root) => times.then((told) => told.arrange(root), () => {});

  // Muting

  const hasFocus = (node) => !document.activeElement || document.activeElement === document.body
    || node.contains(document.activeElement);

  // Put the line aside, with all that htmx knows of it, for the button that brings it back.
  function putAside(line) {
    line.querySelector('.activitystream-menu').open = false;
    line.activitystreamAside = [...line.childNodes];
    line.activitystreamHadFocus = hasFocus(line);
    line.replaceChildren();
  }

  function focusMuted(line) {
    const muted = line.activitystreamHadFocus && line.querySelector('.activitystream-muted');
    if (muted) (muted.querySelector('button') || muted.querySelector('[tabindex]')).focus();
  }

  function bringBack(line) {
    if (!line) return; // htmx tells it again, of the form that is gone
    if (!line.activitystreamAside) return location.reload(); // a page from the browser's history
    const hadFocus = hasFocus(line);
    line.replaceChildren(...line.activitystreamAside);
    if (hadFocus) line.querySelector('.activitystream-menu > summary').focus();
  }

  function closeMenus(except) {
    for (const menu of document.querySelectorAll('.activitystream-menu[open]')) {
      if (menu !== except) menu.open = false;
    }
  }

  // What is new in the page

  function prepare() {
    for (const bell of window.htmx ? bells() : []) {
      if (bell.activitystreamAnnounced !== undefined) continue;
      loggedOut = false; // a boosted page after another login
      bell.activitystreamAnnounced = sentenceOf(bell);
      panelOf(bell).hidden = true; // a page from the browser's history
      linkOf(bell).setAttribute('role', 'button');
      linkOf(bell).setAttribute('aria-expanded', 'false');
      const seconds = Number(bell.dataset.activitystreamInterval);
      if (timer === null && seconds) timer = setInterval(askInTurn, seconds * 1000, seconds * 1000);
    }
  }

  // Announce a new number to screen readers, but not the same number again.
  function announce(bell) {
    const sentence = sentenceOf(bell);
    if (sentence === bell.activitystreamAnnounced) return;
    bell.activitystreamAnnounced = sentence;
    bell.querySelector('[role=status]').textContent = sentence;
  }

  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('.activitystream-bell-link');
    const plain = !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link && plain && window.htmx && !loggedOut) {
      event.preventDefault();
      toggle(bellOf(link));
    }
    const line = event.target instanceof Element && event.target.closest('a.activitystream-line');
    if (line) follow(line);
    for (const bell of bells()) {
      if (bell !== bellOf(event.target)) close(bell);
    }
    closeMenus(menuOf(event.target));
  }, true);

  document.addEventListener('keydown', (event) => {
    const bell = bellOf(event.target);
    const menu = menuOf(event.target);
    if (event.key === 'Escape' && menu && menu.open) {
      menu.open = false;
      menu.querySelector('summary').focus();
    } else if (event.key === 'Escape') {
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
  for (const wakes of ['focus', 'online']) window.addEventListener(wakes, askOnReturn);
  document.addEventListener('resume', askOnReturn);
  for (const act of ['pointerdown', 'pointermove', 'keydown', 'scroll', 'wheel']) {
    document.addEventListener(act, noteActivity, { passive: true, capture: true });
  }

  // Back shows a page as it was, or as the cache has it.
  window.addEventListener('pageshow', (event) => {
    const [navigation] = performance.getEntriesByType('navigation');
    if (event.persisted || (navigation && navigation.type === 'back_forward')) ask();
  });
  document.addEventListener('htmx:historyRestore', () => {
    prepare();
    arrange(document);
    ask();
  });
  // Not the whole page: htmx has yet to settle what another answer has just put there.
  document.addEventListener('htmx:afterSettle', (event) => {
    const isOfList = event.target.matches('.activitystream-day, .activitystream-older');
    arrange(isOfList ? event.target.parentNode : event.target);
  });

  document.addEventListener('htmx:load', (event) => {
    prepare();
    const bell = bellOf(event.target);
    if (bell) {
      const hasMore = Boolean(sentenceOf(bell)) && sentenceOf(bell) !== bell.activitystreamAnnounced;
      announce(bell);
      if (hasMore && event.target === countOf(bell) && !panelOf(bell).hidden) insertNewLines(bell);
    }
    const first = focusNextLines && event.target.querySelector('.activitystream-actions > li');
    if (first) {
      focusNextLines = false;
      const link = first.querySelector('a');
      if (!link) first.tabIndex = -1;
      (link || first).focus();
    }
  });

  document.addEventListener('htmx:afterRequest', (event) => {
    const asker = event.detail.requestConfig.elt; // the event's target, unless it was replaced
    const refused = event.detail.xhr.status >= 400;
    // The page itself shows the error better.
    if (refused && asker.matches('.activitystream-older > a')) location.assign(asker.href);
    if (asker.matches('.activitystream-toggle, .activitystream-mute, .activitystream-undo')) {
      if (event.detail.successful) {
        if (asker.matches('.activitystream-toggle')) toggleRead(asker);
        else if (asker.matches('.activitystream-undo')) bringBack(asker.closest('li'));
        else focusMuted(event.detail.target);
        ask(); // what is read is seen, too, and what is muted does not count
      } else if (event.detail.xhr.status === 401) {
        location.reload();
      }
      return;
    }
    const bell = bellOf(event.target);
    if (!bell) return;
    const panel = panelOf(bell);
    if (asker === panel) {
      panel.removeAttribute('aria-busy');
      panel.tabIndex = -1;
      if (refused && !panel.hidden) location.assign(linkOf(bell).href);
      else if (!event.detail.successful) close(bell);
      else {
        ask(); // the shown actions have been marked as seen
        for (const form of document.querySelectorAll('.activitystream-mark-seen')) form.hidden = true;
      }
    }
    if (event.detail.xhr.status === 401) endOfLogin();
  });

  document.addEventListener('htmx:beforeSwap', (event) => {
    // "Load more" disappears with the focus: move it to the loaded lines.
    const asker = event.detail.requestConfig.elt;
    if (asker.matches('.activitystream-mute') && event.detail.shouldSwap) putAside(event.detail.target);
    const older = event.target.closest('.activitystream-older');
    if (older) focusNextLines = event.detail.shouldSwap && older.contains(document.activeElement);
  });

  function start() {
    prepare();
    arrange(document);
  }

  if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', start);
  } else {
    start();
  }
})();

/* Days and times of lists: as web/days.py says them, and in the browser's time zone where the server
   knows no other. They go on counting while the page is open. */

const MINUTE = 60 * 1000;

const formats = new Map();

function format(kind, locale, options) {
  const key = JSON.stringify([kind, locale, options]);
  if (!formats.has(key)) formats.set(key, new Intl[kind](locale, options));
  return formats.get(key);
}

// The place in which times are told: a section of a list.
function timesOf(section) {
  const { activitystreamLocale: locale, activitystreamZone: timeZone } = section.dataset;
  const dates = (moment, options) => format('DateTimeFormat', locale, { timeZone, ...options }).format(moment);
  const dayOf = (moment) => format('DateTimeFormat', 'sv', { timeZone }).format(moment); // ISO 8601
  const today = dayOf(Date.now());
  const yesterday = new Date(Date.parse(today) - 24 * 60 * MINUTE).toISOString().slice(0, 10);
  const relative = (days) => format('RelativeTimeFormat', locale, { numeric: 'auto' }).format(days, 'day');
  const time = (moment) => dates(moment, { timeStyle: 'short' });
  const isThisYear = (day) => day.slice(0, 4) === today.slice(0, 4);

  function date(moment, isLong) {
    const month = isLong ? 'long' : 'short';
    if (isThisYear(dayOf(moment))) return dates(moment, { month, day: 'numeric' });
    return dates(moment, { dateStyle: isLong ? 'long' : 'medium' });
  }

  return {
    dayOf,
    exactly: (moment) => dates(moment, { dateStyle: 'full', timeStyle: 'full' }),
    when(moment) {
      const minutes = Math.floor((Date.now() - moment) / MINUTE);
      if (minutes < 1) return null; // the server says it
      if (minutes < 60) {
        const options = { style: 'unit', unit: 'minute', unitDisplay: 'short' };
        return format('NumberFormat', locale, options).format(minutes);
      }
      const day = dayOf(moment);
      if (day === today || 'activitystreamDated' in section.dataset) return time(moment);
      return day === yesterday ? `${relative(-1)} ${time(moment)}` : date(moment);
    },
    nameOf(moment) {
      const days = [today, yesterday].indexOf(dayOf(moment));
      if (days < 0) return date(moment, true);
      const name = relative(-days);
      return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
    },
  };
}

function tellTimes(root) {
  for (const section of root.querySelectorAll('.activitystream-day[data-activitystream-locale]')) {
    try {
      const times = timesOf(section);
      for (const time of section.querySelectorAll('time.activitystream-time')) {
        const moment = Date.parse(time.dateTime);
        const when = times.when(moment);
        time.title = times.exactly(moment);
        if (when && when !== time.textContent) time.textContent = when;
      }
      nameDay(section, times);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // a language or a zone that the browser lacks
    }
  }
}

function nameDay(section, times) {
  const heading = section.querySelector(':scope > h2 > time');
  const line = section.querySelector(':scope > ol > li > .activitystream-time');
  if (!heading || !line) return;
  const moment = Date.parse(line.dateTime);
  const name = times.nameOf(moment);
  heading.dateTime = times.dayOf(moment);
  if (name !== heading.textContent) heading.textContent = name;
}

// Put the lines below the days of the browser's time zone, and what is loaded to the day that it
// goes on with.
function regroup(root) {
  const focused = document.activeElement;
  const sections = [...root.querySelectorAll('.activitystream-day[data-activitystream-dated]')];
  for (const parent of new Set(sections.map((section) => section.parentNode))) {
    let current = null;
    let day = null;
    for (const section of sections.filter((each) => each.parentNode === parent)) {
      const list = section.querySelector(':scope > .activitystream-actions');
      const times = timesOf(section);
      let unused = section; // no line of it stays in it so far
      for (const line of [...list.children]) {
        const time = line.querySelector(':scope > .activitystream-time');
        const its = time ? times.dayOf(Date.parse(time.dateTime)) : day; // a muted line has none
        if (!current || its !== day) {
          current = unused || dayAfter(current);
          unused = null;
          day = its;
        }
        const days = current.querySelector(':scope > .activitystream-actions');
        if (line.parentNode !== days) days.append(line);
      }
      if (unused) unused.remove();
      else if (!section.querySelector(':scope > h2')) section.prepend(newHeading());
    }
  }
  if (focused !== document.activeElement && focused && focused.isConnected) focused.focus();
}

function dayAfter(section) {
  const next = section.cloneNode(false);
  next.append(newHeading(), section.querySelector('.activitystream-actions').cloneNode(false));
  section.after(next);
  return next;
}

function newHeading() {
  const heading = document.createElement('h2');
  heading.append(document.createElement('time'));
  return heading;
}

export function arrange(root) {
  try {
    regroup(root);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  tellTimes(root);
}

function tellOnReturn() {
  if (document.visibilityState === 'visible') tellTimes(document);
}

document.addEventListener('visibilitychange', tellOnReturn);
setInterval(tellOnReturn, MINUTE);

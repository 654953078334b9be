/** Numbers and times as the window writes them. */

const numbers = new Intl.NumberFormat('en-US');
const dateTimes = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const dates = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

export function count(value: number): string {
  return numbers.format(value);
}

/** "1 domain", "40 domains". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** "40 domains on 2 servers"; changes of whole servers are about no domain: "2 servers". */
export function scope(domains: number, servers: number): string {
  return domains > 0 ? `${plural(domains, 'domain')} on ${plural(servers, 'server')}` : plural(servers, 'server');
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** "just now", "5 minutes ago", "3 days ago", then the date. Times to come are "now": clocks differ. */
export function ago(iso: string, now: number): string {
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return 'at an unknown time';
  if (seconds < 45) return 'just now';
  if (seconds < hour) return `${plural(Math.max(1, Math.round(seconds / minute)), 'minute')} ago`;
  if (seconds < day) return `${plural(Math.round(seconds / hour), 'hour')} ago`;
  if (seconds < 30 * day) return `${plural(Math.round(seconds / day), 'day')} ago`;
  return dates.format(Date.parse(iso));
}

/** "in 4 days", "in 2 hours", "now". */
export function until(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  if (Number.isNaN(seconds) || seconds <= 0) return 'now';
  if (seconds < hour) return `in ${plural(Math.max(1, Math.round(seconds / minute)), 'minute')}`;
  if (seconds < 2 * day) return `in ${plural(Math.round(seconds / hour), 'hour')}`;
  return `in ${plural(Math.round(seconds / day), 'day')}`;
}

export function dateTime(iso: string): string {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? iso : dateTimes.format(time);
}

/** How old a key is, short: "12 d", "7 mo", "3 y". */
export function shortAge(days: number | null): string {
  if (days === null) return '';
  if (days < 60) return `${days} d`;
  if (days < 730) return `${Math.floor(days / 30.4)} mo`;
  return `${Math.floor(days / 365.25)} y`;
}

/** "8 s", "2 min 5 s", "1 h 3 min". */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < minute) return `${seconds} s`;
  if (seconds < hour) return `${Math.floor(seconds / minute)} min ${seconds % minute} s`;
  return `${Math.floor(seconds / hour)} h ${Math.floor((seconds % hour) / minute)} min`;
}

/** Hours as an admin says them: 168 is "7 days". */
export function hours(value: number): string {
  if (value > 0 && value % 24 === 0) return plural(value / 24, 'day');
  return plural(value, 'hour');
}

import { formatCount } from '../core/format.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import type { News } from './news-of-days.ts';

/** Some news with its permanent name, its page and the instant (ISO 8601) of its last change. */
export type Entry = News & { id: string; link: string; updatedAt: string };

/**
 * An Atom feed, the same for the same entries.
 * @param entries newest first; not empty
 * @param linkOf the page about a hashtag
 */
export async function renderAtom(
  { id, title, link }: { id: string; title: string; link: string },
  entries: Entry[],
  linkOf: (hashtag: string) => string,
): Promise<string> {
  // Loaded only here, because most runs have nothing to tell.
  const { Feed } = await import('feed');
  const updatedAt =
    entries
      .map((entry) => entry.updatedAt)
      .sort()
      .at(-1) ?? '';
  const feed = new Feed({
    id,
    title,
    link,
    updated: new Date(updatedAt),
    copyright: '',
    author: { name: 'TikTok hashtag tracker' },
  });
  for (const entry of entries) {
    feed.addItem({
      id: entry.id,
      title: escapeHtml(entry.title), // the library writes it as HTML
      link: entry.link,
      date: new Date(entry.updatedAt),
      content: renderLines(entry, linkOf),
    });
  }
  return `${feed.atom1().trimEnd()}\n`;
}

function renderLines({ lines, more }: News, linkOf: (hashtag: string) => string): string {
  const items = lines.map(
    ({ hashtag, text }) =>
      `<li><a href="${escapeHtml(linkOf(hashtag))}">${escapeHtml(showHashtag(hashtag))}</a> ${escapeHtml(text)}</li>`,
  );
  const rest = more > 0 ? `<li>… and ${formatCount(more)} more</li>` : '';
  return `<ul>${items.join('')}${rest}</ul>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import { addDays } from '../../scripts/lib/core/day.ts';
import { weekOf } from '../../scripts/lib/core/period.ts';
import { createGitHub } from '../../scripts/lib/notify/github.ts';
import {
  keepTroubleIssue,
  readKnownTroubles,
  renderDigest,
  renderTroubleIssue,
  type Situation,
  writeDigest,
} from '../../scripts/lib/notify/issues.ts';
import type { Trouble } from '../../scripts/lib/notify/troubles.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { composeSummary } from '../../scripts/lib/reports/summary.ts';
import { createHttp } from '../../scripts/lib/system/http.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { BOT, REPOSITORY, type StandInGitHub, startGitHub, TOKEN } from '../helpers/github.ts';
import { day, dayRecord, HOSTILE_NAMES, rows, TODAY } from '../helpers/snapshots.ts';

const LINKS = {
  report: 'https://report',
  week: 'https://week',
  run: 'https://run',
  help: 'https://help',
  dashboard: 'https://page/',
};
const reportOf = (name: string, from: number, to: number) =>
  composeReport(dayRecord(rows(name, [from, to])), parseWatchlist('["a"]'));
const calm = reportOf('a', 1000, 1001);

const weekWith = (name: string, counts = [1000, 1100]) => {
  const history = rows(name, counts);
  const days = { firstDay: day('2026-11-16'), lastDay: TODAY };
  return composeSummary({ period: weekOf(TODAY), ...days, history }, parseWatchlist('["a"]'));
};

const situation = (overrides: Partial<Situation> = {}): Situation => ({
  day: TODAY,
  run: 'succeeded',
  report: calm,
  troubles: [],
  week: null,
  links: LINKS,
  ...overrides,
});
const trending = situation({ report: reportOf('a', 1000, 1100) });
const troubled = situation({ troubles: [{ kind: 'credits', left: 5, days: 5 }] });

const NOW_MS = Date.parse(`${TODAY}T06:17:00Z`);

async function start(nowMs = NOW_MS) {
  const stored = await startGitHub({ now: () => nowMs });
  return { stored, github: connect(stored) };
}

function connect({ url }: StandInGitHub) {
  const clock = createVirtualClock(NOW_MS);
  const send = createHttp(globalThis.fetch);
  return createGitHub({
    apiUrl: url,
    repository: REPOSITORY,
    token: TOKEN,
    send,
    clock,
    timeoutMs: 5000,
  });
}

const writes = ({ requests }: StandInGitHub) => requests.filter((line) => !line.startsWith('GET'));

describe('the digest', () => {
  it('is one comment on a day with something to report', async () => {
    const { stored, github } = await start();
    const issue = stored.addIssue();
    expect(await writeDigest(github, 1, trending)).toBe('created');
    expect(issue.comments[0]?.body).toContain(
      '\n\n[The full report](https://report) · [The dashboard](https://page/)\n\n',
    );
    expect(issue.comments).toMatchObject([
      {
        body: expect.stringMatching(/^<!-- tracker-digest 2026-11-22 -->\n### 2026-11-22: 1 of 1/),
      },
    ]);
  });

  it('is kept by a rerun with the same content, and edited by one with other content', async () => {
    const { stored, github } = await start();
    const issue = stored.addIssue();
    await writeDigest(github, 1, trending);
    expect(await writeDigest(github, 1, trending)).toBe('nothing');
    expect(await writeDigest(github, 1, troubled)).toBe('edited');
    expect(issue.comments).toMatchObject([{ body: expect.stringContaining('The credits') }]);
    expect(await writeDigest(github, 1, situation())).toBe('edited');
    expect(issue.comments).toMatchObject([{ body: expect.not.stringContaining('The credits') }]);
  });

  it('is found again if its day began long before it began in UTC', async () => {
    const nowMs = Date.parse(`${TODAY}T00:00:00Z`) - 13 * 3_600_000; // in Auckland
    const { stored, github } = await start(nowMs);
    const issue = stored.addIssue();
    await writeDigest(github, 1, trending);
    expect(await writeDigest(github, 1, troubled)).toBe('edited');
    expect(issue.comments).toHaveLength(1);
  });

  it('is not written on a day with nothing to report', async () => {
    const { stored, github } = await start();
    stored.addIssue();
    expect(await writeDigest(github, 1, situation())).toBe('nothing');
    expect(writes(stored)).toEqual([]);
  });

  it('is not written for a surge that goes on, but for its begin and its end', async () => {
    const { stored, github } = await start();
    stored.addIssue();
    const gains = [50, 60, 70, 20, 20, 20, 20];
    const done = [];
    for (let days = 1; days <= gains.length; days++) {
      const counts = Array.from({ length: 20 }, (_, i) => 1000 + i * 20);
      for (const gain of gains.slice(0, days)) counts.push((counts.at(-1) ?? 0) + gain);
      const report = composeReport(dayRecord(rows('a', counts)), parseWatchlist('["a"]'));
      const today = addDays(TODAY, days);
      done.push(await writeDigest(github, 1, situation({ day: today, report })));
    }
    const nothing = 'nothing';
    expect(done).toEqual([nothing, 'created', nothing, nothing, nothing, 'created', nothing]);
  });

  it('has the top of the week on the day after it, even on a usual day', async () => {
    const { stored, github } = await start();
    const issue = stored.addIssue();
    const usual = situation({ week: weekWith('a', [1000, 1010, 1020]) });
    expect(await writeDigest(github, 1, usual)).toBe('created');
    expect(issue.comments[0]?.body).toMatch(
      /\n\n### Week 47 of 2026\n\n⚠️ .*4 days missing.*\n\nA usual week: .*\n\n- 📈 .*\+20, now 1,020.*\n\n\[The full summary\]\(https:\/\/week\)$/,
    );
    const moved = renderDigest(situation({ week: weekWith('a', [1000, 1100, 1020]) }));
    expect(moved).toMatch(/\n- 📈 .* trending on 1 day · .*\n\n\[The full summary\]/);
  });

  it('never takes a person’s comment or that of another day for its own', async () => {
    const { stored, github } = await start();
    const issue = stored.addIssue();
    const mark = '<!-- tracker-digest 2026-11-22 -->';
    stored.addComment(issue, { body: mark, user: { login: 'ada' } });
    stored.addComment(issue, { body: mark.replace('22', '21') });
    stored.addComment(issue, { body: `> ${mark}` });
    expect(await writeDigest(github, 1, trending)).toBe('created');
    expect(issue.comments).toHaveLength(4);
  });

  it('recognizes its text with the line ends that GitHub may use', async () => {
    const { stored, github } = await start();
    const body = `${renderDigest(trending).replaceAll('\n', '\r\n')}\r\n`;
    stored.addComment(stored.addIssue(), { body });
    expect(await writeDigest(github, 1, trending)).toBe('nothing');
  });

  it('is not written on a closed issue', async () => {
    const { stored, github } = await start();
    stored.addIssue({ state: 'closed' });
    await expect(writeDigest(github, 1, trending)).rejects.toThrow(/#1 is closed; reopen it/);
    expect(writes(stored)).toEqual([]);
  });

  it('is not written on a locked issue', async () => {
    const { stored, github } = await start();
    stored.addIssue({ locked: true });
    await expect(writeDigest(github, 1, trending)).rejects.toThrow(/unlock/);
  });

  it('reports trouble on a day without data', () => {
    const text = renderDigest({ ...troubled, report: null, troubles: [{ kind: 'failed' }] });
    expect(text).toMatch(/### 2026-11-22: no data\n\n⚠️ \*\*The last run failed\*\*: \[its page\]/);
  });
});

describe('the trouble issue', () => {
  it('is opened for trouble, kept current, and closed without a comment', async () => {
    const { stored, github } = await start();
    expect(await keepTroubleIssue(github, situation())).toBe('nothing');
    expect(await keepTroubleIssue(github, troubled)).toBe('created');
    expect(await keepTroubleIssue(github, troubled)).toBe('nothing');
    const later = {
      ...situation({ troubles: [{ kind: 'credits', left: 4, days: 4 }] }),
      day: day('2026-11-23'),
    };
    expect(await keepTroubleIssue(github, later)).toBe('edited');
    expect(stored.issues).toMatchObject([
      {
        title: 'Tracking has problems',
        body: expect.stringMatching(/week\*\* \(first reported on 2026-11-22\): 4 left/),
      },
    ]);
    expect(await keepTroubleIssue(github, situation())).toBe('closed');
    expect(stored.issues).toMatchObject([{ state: 'closed', comments: [] }]);
    expect(writes(stored)).toEqual(['POST /issues', 'PATCH /issues/1', 'PATCH /issues/1']);
  });

  it('is a new issue when trouble returns', async () => {
    const { stored, github } = await start();
    await keepTroubleIssue(github, troubled);
    await keepTroubleIssue(github, situation());
    const again = { ...troubled, day: day('2026-12-01') };
    expect(await keepTroubleIssue(github, again)).toBe('created');
    expect(stored.issues.map(({ state }) => state)).toEqual(['closed', 'open']);
    expect(stored.issues[1]?.body).toContain('first reported on 2026-12-01');
  });

  it('keeps the changes that people made to it', async () => {
    const { stored, github } = await start();
    await keepTroubleIssue(github, troubled);
    const [issue] = stored.issues;
    if (issue === undefined) throw new Error('no issue');
    Object.assign(issue, { title: 'Ours now', labels: ['bug'] });
    stored.addComment(issue, { user: { login: 'ada' }, body: 'On it.' });
    await keepTroubleIssue(github, situation({ troubles: [{ kind: 'failed' }] }));
    expect(issue).toMatchObject({
      title: 'Ours now',
      labels: ['bug'],
      comments: [{ body: 'On it.' }],
      body: expect.stringContaining('The last run failed'),
    });
  });

  it('is never an issue that a person wrote, even with the same title and text', async () => {
    const { stored, github } = await start();
    const body = renderTroubleIssue(troubled, {});
    stored.addIssue({ title: 'Tracking has problems', body });
    stored.addIssue({ title: 'Tracking has problems', user: { login: BOT }, body: 'Something' });
    expect(await keepTroubleIssue(github, situation())).toBe('nothing');
    expect(writes(stored)).toEqual([]);
  });

  it('shows which troubles it already reports', async () => {
    const { github } = await start();
    expect([...(await readKnownTroubles(github))]).toEqual([]);
    await keepTroubleIssue(github, situation({ troubles: [{ kind: 'failed' }] }));
    expect([...(await readKnownTroubles(github))]).toEqual(['failed']);
  });

  it.each(['{', '{x}', '{}', '{"credits": "<img>"}', '{"credits": 5}', '{"other": "2026-11-01"}'])(
    'survives a mark that somebody changed to %j',
    async (mark) => {
      const { stored, github } = await start();
      stored.addIssue({ user: { login: BOT }, body: `<!-- tracker-trouble ${mark} -->` });
      await keepTroubleIssue(github, troubled);
      const body = stored.issues.at(-1)?.body;
      expect(body).toMatch(/^<!-- tracker-trouble \{"credits":"2026-11-22"\} -->\n/);
      expect(body).toContain('first reported on 2026-11-22');
    },
  );
});

describe('texts from outside', () => {
  it.each([...HOSTILE_NAMES, '123', '@ada', 'GH-1', '--> <b>', 'tracker-digest 2026-11-22 -->'])(
    'such as %j become no markup, mention or reference in an issue',
    (text) => {
      const items = [{ hashtag: text, since: null, reason: text }];
      const hostile = {
        ...situation({ report: reportOf(text, 1000, 1100), week: weekWith(text) }),
        troubles: [{ kind: 'incomplete' as const, missing: items }],
      };
      for (const body of [renderDigest(hostile), renderTroubleIssue(hostile, {})]) {
        const markup = body
          .replace(/^<!-- tracker-[a-z]+ (?:[\d-]{10}|\{[\w",:-]*\}) -->\n/, '')
          .replace(/(?<!\\)`[^`\n]*`/g, '')
          .replace(
            /(?<!\\)\[#(?:\\.|[^\]\\])*\]\(https:\/\/www\.tiktok\.com\/tag\/[^()<>\s]*\)/g,
            '',
          );
        const plain = markup.replace(/\\([!-/:-@[-`{-~])/g, '$1');
        expect(plain).not.toMatch(/#\d|@\w/);
        expect(markup.replace(/\\./g, '')).not.toMatch(
          /<|`|\]\((?!https:\/\/(report|week|run|help|page\/)\))/,
        );
      }
    },
  );

  it('of any length fit into a body that GitHub accepts', () => {
    const history = Array.from({ length: 1500 }, (_, i) => rows(`tag${i}`, [1000, 1100])).flat();
    const report = composeReport(dayRecord(history), parseWatchlist('["a"]'));
    const reason = 'because '.repeat(400);
    const missing = Array.from({ length: 30 }, (_, i) => ({
      hashtag: `tag${i}`,
      since: null,
      reason: `${i} ${reason}`,
    }));
    const troubles: Trouble[] = Array.from({ length: 20 }, () => ({ kind: 'incomplete', missing }));
    const text = renderDigest(situation({ report, troubles }));
    expect(text.length).toBeGreaterThan(50_000);
    expect(text.length).toBeLessThan(65_000);
    expect(text).toMatch(/\n\n… the report has the rest\.$/);
  });
});

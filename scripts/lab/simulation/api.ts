import { DEMO_KEY, type Fault } from '../stand-in.ts';
import type { ApiMood } from './history.ts';

const DAY_MS = 86_400_000;

/** What happens to a request; null if it gets an answer. */
export function chooseFault(mood: ApiMood, random: () => number): Fault | null {
  switch (mood) {
    case 'down':
      return { status: 503, body: { error: 'upstream unavailable' } };
    case 'storm':
      return { status: 429, body: { error: 'Too many requests' } };
    case 'refuses the key':
      return { status: 401, body: { error: 'Invalid API key' } };
    case 'echoes the key':
      return echo(random());
    case 'forgets':
      return random() < 0.8 ? { status: 404 } : null;
    case 'flaky': {
      const faults: Fault[] = [
        { status: 500 },
        { status: 429, headers: { 'Retry-After': '2' } },
        { status: 429 },
        { status: 404 },
        'reset',
        'cut',
        'nonsense',
        'broken-gzip',
      ];
      return random() < 0.4 ? (faults[Math.floor(random() * faults.length)] ?? null) : null;
    }
    default:
      return null;
  }
}

/** An error that repeats the request's headers. */
function echo(random: number): Fault {
  return {
    status: random < 0.5 ? 400 : 503,
    body: { error: `headers: Authorization: Bearer ${DEMO_KEY}` },
  };
}

/** Counts that grow. Now and then TikTok does not give the number of videos. */
export function countsAt(hashtag: string, nowMs: number, random: number) {
  const size = 1000 * (1 + hashtag.charCodeAt(0) - 96);
  const days = nowMs / DAY_MS - 20_000;
  const videoCount = Math.round(size * (1 + days / 100) + random * 50);
  return { videoCount: random < 0.1 ? null : videoCount, viewCount: videoCount * 321 };
}

import fc from 'fast-check';

/** What people change in the repository, the API plan or the list before a day's runs. */
export type Change =
  | { kind: 'list'; hashtag: string; to: 'active' | 'paused' | 'absent' }
  | { kind: 'break list' }
  | { kind: 'settings'; concurrency: number; requestsPerMinute: number | null }
  | { kind: 'credits'; credits: number }
  /** TikTok loses a hashtag, or has it again. */
  | { kind: 'tiktok'; hashtag: string; isLost: boolean }
  | { kind: 'limit'; limit: { requests: number; windowMs: number; headers: boolean } | null }
  /** Others push a commit, or the merge of a branch. It has nothing to do with the data. */
  | { kind: 'push' | 'merge' }
  /** On the laptop: a local commit that is not pushed, an unfinished edit, or a pull. */
  | { kind: 'commit here' | 'edit here' | 'pull here' };

type ApiMood =
  | 'fine'
  | 'flaky'
  | 'down'
  | 'storm'
  | 'refuses the key'
  | 'answers for others'
  | 'answers nothing'
  /** It answers that it does not know most hashtags, which it knew before. */
  | 'forgets'
  /** It answers with errors that contain the key. */
  | 'echoes the key';

/** What somebody does to the laptop's database file, and undoes after the run. */
export type Spoiling =
  /** Changes a stored count. */
  | 'flip'
  /** Puts an older version in its place, out of git's history. */
  | 'older'
  /** Cuts it short. */
  | 'cut'
  /** Leaves a journal beside it, as an unfinished edit does. */
  | 'journal';

/** One start of the tracker, which faults it meets, and where it dies. */
export type Attempt = {
  /** A fresh clone that is deleted afterwards, a checkout that stays, or both at the same time. */
  where: 'runner' | 'laptop' | 'both';
  flags: string[];
  api: ApiMood;
  /** The disk fails at step `from`, the remote at its use `from`. Later ones fail if it `lasts`. */
  disk: { from: number; code: string; when: 'before' | 'half' | 'after'; lasts: boolean } | null;
  remote: { from: number; says: string; when: 'before' | 'after'; lasts: boolean } | null;
  death: { at: number; when: 'before' | 'half' | 'after' } | null;
  /** The run is cancelled when the API has got this many requests. */
  cancelAt: number | null;
  /** Only on the laptop. */
  spoiled: Spoiling | null;
  seed: number;
};

/** A day of the simulation. `gap` is the number of days between the previous one and this one. */
export type SimulatedDay = { gap: number; changes: Change[]; attempts: Attempt[] };

/** The hashtag that TikTok does not have. */
export const UNKNOWN_HASHTAG = 'nosuchtag';

/** Hashtags that the list gains and loses. */
export const HASHTAGS = ['ai', 'book', 'cat', 'dance', 'edit', 'food', 'gym', UNKNOWN_HASHTAG];

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      hashtag: fc.constantFrom(...HASHTAGS),
      to: fc.constantFrom('active' as const, 'paused' as const, 'absent' as const),
    }),
  },
  fc.constant<Change>({ kind: 'break list' }),
  fc.record({
    kind: fc.constant('tiktok' as const),
    hashtag: fc.constantFrom(...HASHTAGS),
    isLost: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('settings' as const),
    concurrency: fc.integer({ min: 1, max: 4 }),
    requestsPerMinute: fc.constantFrom(null, 2, 30),
  }),
  fc.record({ kind: fc.constant('credits' as const), credits: fc.constantFrom(0, 3, 20, 1000) }),
  fc.record({
    kind: fc.constant('limit' as const),
    limit: fc.option(
      fc.record({
        requests: fc.integer({ min: 1, max: 5 }),
        windowMs: fc.constantFrom(3000, 60_000),
        headers: fc.boolean(),
      }),
    ),
  }),
  fc.constantFrom<Change>(
    { kind: 'push' },
    { kind: 'merge' },
    { kind: 'commit here' },
    { kind: 'edit here' },
    { kind: 'pull here' },
  ),
);

const when = fc.constantFrom('before' as const, 'half' as const, 'after' as const);
// A run takes about 60 steps. A step after the last one never happens.
const step = fc.integer({ min: 0, max: 70 });
/** Usually null. */
function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, arbitrary);
}

const anyAttempt: fc.Arbitrary<Attempt> = fc.record({
  where: fc.oneof(
    { weight: 4, arbitrary: fc.constant('runner' as const) },
    { weight: 3, arbitrary: fc.constant('laptop' as const) },
    { weight: 2, arbitrary: fc.constant('both' as const) },
  ),
  flags: fc.oneof(
    { weight: 5, arbitrary: fc.constant<string[]>([]) },
    fc.constant<string[]>(['--refresh']),
    fc
      .subarray(HASHTAGS, { minLength: 1, maxLength: 3 })
      .map((names) => ['--hashtag', names.join()]),
  ),
  api: fc.oneof(
    { weight: 8, arbitrary: fc.constant<ApiMood>('fine') },
    { weight: 4, arbitrary: fc.constant<ApiMood>('flaky') },
    { weight: 3, arbitrary: fc.constant<ApiMood>('forgets') },
    { weight: 2, arbitrary: fc.constant<ApiMood>('echoes the key') },
    fc.constantFrom<ApiMood>(
      'down',
      'storm',
      'refuses the key',
      'answers for others',
      'answers nothing',
    ),
  ),
  disk: seldom(
    fc.record({
      from: step,
      code: fc.constantFrom('ENOSPC', 'EIO', 'EROFS', 'EACCES'),
      when,
      lasts: fc.boolean(),
    }),
  ),
  remote: seldom(
    fc.record({
      from: fc.integer({ min: 0, max: 4 }),
      says: fc.constantFrom(
        'fatal: unable to access: Could not resolve host: github.com',
        'error: RPC failed; HTTP 502',
        'remote: error: GH006: Protected branch update failed for refs/heads/main.',
        'fatal: unable to access: The requested URL returned error: 403',
      ),
      when: fc.constantFrom('before' as const, 'after' as const),
      lasts: fc.boolean(),
    }),
  ),
  death: seldom(fc.record({ at: step, when })),
  cancelAt: seldom(fc.integer({ min: 1, max: 5 })),
  spoiled: seldom(fc.constantFrom<Spoiling>('flip', 'older', 'cut', 'journal')),
  seed: fc.nat(),
});

const anyDay: fc.Arbitrary<SimulatedDay> = fc.record({
  gap: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }) },
    fc.integer({ min: 7, max: 45 }),
  ),
  changes: fc.array(anyChange, { maxLength: 2 }),
  attempts: fc.array(anyAttempt, { maxLength: 3 }),
});

/** A history of at most `maxDays` days. */
export function anyHistory(maxDays: number): fc.Arbitrary<SimulatedDay[]> {
  return fc.array(anyDay, { minLength: 1, maxLength: maxDays, size: 'max' });
}

/** Describes the day, one line per change and attempt. Faults that do not happen are left out. */
export function describeDay({ gap, changes, attempts }: SimulatedDay): string {
  const parts = [
    ...(gap > 0 ? [`after ${gap} days without changes and runs`] : []),
    ...changes.map((change) => JSON.stringify(change)),
    ...attempts.map(({ disk, remote, death, cancelAt, spoiled, ...attempt }) =>
      JSON.stringify({
        ...attempt,
        ...(disk === null ? {} : { disk }),
        ...(remote === null ? {} : { remote }),
        ...(death === null ? {} : { death }),
        ...(cancelAt === null ? {} : { cancelAt }),
        ...(spoiled === null ? {} : { spoiled }),
      }),
    ),
  ];
  return parts.length === 0 ? 'nothing happens' : parts.join('\n    ');
}

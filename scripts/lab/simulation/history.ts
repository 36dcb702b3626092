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
  | { kind: 'commit here' | 'edit here' | 'pull here' }
  /** Somebody deletes or edits a report: with a commit that others push, or only on the laptop. */
  | { kind: 'report'; act: 'delete' | 'edit'; which: 'oldest' | 'newest'; isCommitted: boolean }
  /** Others commit the lock of a run. */
  | { kind: 'lock' };

/** How the laptop's owner pulls, and which side's file stays where both have changed it. */
export type Pull = { how: 'merge' | 'rebase'; keep: 'ours' | 'theirs' };

export type ApiMood =
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
  /** The owner pulls on the laptop first, and resolves conflicts. */
  pull: Pull | null;
  /**
   * A fresh clone that is deleted afterwards, a checkout that stays, both at the same time, or two
   * runs in the latter, such as two containers.
   */
  where: 'runner' | 'laptop' | 'both' | 'laptop twice';
  /** A lock that the runs find: a container's that is gone, or one with a living process's number. */
  lock: 'left' | 'process' | null;
  /** The first run stands still after its first request, until the other one has ended. */
  isFrozen: boolean;
  /** The first run begins before midnight and ends after it and after a run of the new day. */
  isLate: boolean;
  flags: string[];
  api: ApiMood;
  /**
   * The disk fails at step `from`, of all steps or of those that write reports, the remote at its
   * use `from`. Later ones fail if it `lasts`.
   */
  disk: {
    of: 'all' | 'reports';
    from: number;
    code: string;
    when: 'before' | 'half' | 'after';
    lasts: boolean;
  } | null;
  remote: { from: number; says: string; when: 'before' | 'after'; lasts: boolean } | null;
  death: { at: number; when: 'before' | 'half' | 'after' } | null;
  /** The run is cancelled when the API has got this many requests. */
  cancelAt: number | null;
  /** Only on the laptop. */
  spoiled: Spoiling | null;
  seed: number;
};

/** An attempt without faults. */
export const A_GOOD_RUN: Attempt = {
  pull: null,
  where: 'laptop',
  lock: null,
  isFrozen: false,
  isLate: false,
  flags: [],
  api: 'fine',
  disk: null,
  remote: null,
  death: null,
  cancelAt: null,
  spoiled: null,
  seed: 0,
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
    { kind: 'lock' },
  ),
  fc.record({
    kind: fc.constant('report' as const),
    act: fc.constantFrom('delete' as const, 'edit' as const),
    which: fc.constantFrom('oldest' as const, 'newest' as const),
    isCommitted: fc.boolean(),
  }),
);

const when = fc.constantFrom('before' as const, 'half' as const, 'after' as const);
// A run takes about 60 steps. A step after the last one never happens.
const step = fc.integer({ min: 0, max: 70 });
/** Usually null. */
function seldom<T>(arbitrary: fc.Arbitrary<T>, weightOfNull = 4): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: weightOfNull, arbitrary: fc.constant(null) }, arbitrary);
}
const rarely = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true));

const anyAttempt: fc.Arbitrary<Attempt> = fc.record({
  pull: seldom(
    fc.record({
      how: fc.constantFrom('merge' as const, 'rebase' as const),
      keep: fc.constantFrom('ours' as const, 'theirs' as const),
    }),
  ),
  where: fc.oneof(
    { weight: 4, arbitrary: fc.constant('runner' as const) },
    { weight: 3, arbitrary: fc.constant('laptop' as const) },
    { weight: 2, arbitrary: fc.constant('both' as const) },
    { weight: 1, arbitrary: fc.constant('laptop twice' as const) },
  ),
  lock: seldom(fc.constantFrom('left' as const, 'process' as const), 15),
  isFrozen: rarely,
  isLate: rarely,
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
      of: fc.constantFrom('all' as const, 'reports' as const),
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

/** Describes the day, one line per change and attempt. What does not happen is left out. */
export function describeDay({ gap, changes, attempts }: SimulatedDay): string {
  const parts = [
    ...(gap > 0 ? [`after ${gap} days without changes and runs`] : []),
    ...changes.map((change) => JSON.stringify(change)),
    ...attempts.map((attempt) => {
      const happening = Object.entries(attempt).filter(
        ([, value]) => value !== null && value !== false,
      );
      return JSON.stringify(Object.fromEntries(happening));
    }),
  ];
  return parts.length === 0 ? 'nothing happens' : parts.join('\n    ');
}

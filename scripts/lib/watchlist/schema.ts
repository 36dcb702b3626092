import * as v from 'valibot';
import { plainText } from '../core/text.ts';

const text = v.string('must be text in double quotes');
const trueOrFalse = v.boolean('must be true or false, without quotes');
const NUMBER = 'must be a number without quotes, such as 5';
const PAGE_ADDRESS =
  'is not the address of a page; write "https://OWNER.github.io/REPO/", with the slash at its end';
const ISSUE_NUMBER = "must be the issue's number without quotes, such as 12";

const settingsEntries = {
  trendingGrowthPercent: optional(
    'Daily growth, in percent, above which a hashtag is trending.',
    numberIn(0, 1000),
    5,
  ),
  surgeFactor: optional(
    'A hashtag is surging if it lately brought this many times what a usual week brings.',
    numberIn(1.2, 1000),
    2,
  ),
  minVideos: optional(
    'A hashtag with fewer videos is never called trending or surging.',
    wholeNumberIn(0, Number.MAX_SAFE_INTEGER),
    0,
  ),
  concurrency: optional(
    'Requests in flight at once; your API plan says how many it allows.',
    wholeNumberIn(1, 50),
    1,
  ),
  requestsPerMinute: v.exactOptional(
    describe('At most this many requests in any minute. Default: no limit.', numberIn(1, 6000)),
  ),
  timeZone: optional(
    'The time zone in which a day begins and ends: an IANA name such as "Europe/Berlin".',
    v.pipe(
      text,
      v.check(isTimeZone, 'is not a time zone; write an IANA name such as "Europe/Berlin"'),
    ),
    'UTC',
  ),
  topVideos: optional(
    'The most hashtags on one day whose videos are asked for, if they surge: one credit each. 0: none.',
    wholeNumberIn(0, 1000),
    0,
  ),
  archiveAboveMegabytes: optional(
    'A database larger than this (in MB) moves the months that are over to files of their own.',
    numberIn(0.1, 40),
    25,
  ),
  digestIssue: v.exactOptional(
    describe(
      'The number of an issue that gets a comment on each day with something to say.',
      wholeNumberIn(1, Number.MAX_SAFE_INTEGER, ISSUE_NUMBER),
    ),
  ),
  dashboard: v.exactOptional(
    describe(
      'The address of the dashboard, such as "https://OWNER.github.io/REPO/". With it, each run publishes the dashboard.',
      v.pipe(text, v.check(isPageAddress, PAGE_ADDRESS)),
    ),
  ),
  troubleIssue: optional('True: an issue is open while tracking has problems.', trueOrFalse, false),
};
export const settingsSchema = describe('Each setting is optional.', strictObject(settingsEntries));

const nameSchema = describe(
  'A hashtag, as you would paste it: with or without #, any script, or its TikTok URL.',
  v.pipe(text, v.minLength(1)),
);
const isVisible = (group: string) => plainText(group) !== '';
const groupSchema = v.pipe(
  text,
  v.trim(),
  v.minLength(1),
  v.maxLength(60, 'is longer than 60 characters'),
  v.check(isVisible, 'has no visible character'),
);

const hashtagEntries = {
  name: nameSchema,
  group: v.exactOptional(describe('The report has one table per group.', groupSchema)),
  trendingGrowthPercent: v.exactOptional(
    describe('Daily growth, in percent, above which this hashtag is trending.', numberIn(0, 1000)),
  ),
  surgeFactor: v.exactOptional(
    describe('How many times its usual week makes this hashtag surging.', numberIn(1.2, 1000)),
  ),
  paused: optional('True: the hashtag is not asked for. Its history is kept.', trueOrFalse, false),
  note: v.exactOptional(describe('For people. The tracker ignores it.', text)),
};
const hashtagSchema = strictObject(hashtagEntries);

const hashtagsSchema = describe(
  'The hashtags to track.',
  v.pipe(v.array(v.union([nameSchema, hashtagSchema]), 'must be a list in [ ]'), v.minLength(1)),
);

const fileEntries = {
  $schema: v.exactOptional(text),
  settings: v.optional(settingsSchema, {}),
  hashtags: hashtagsSchema,
};

/** What `data/hashtags.json` may contain. The JSON Schema for editors is made from this. */
export const fileSchema = v.union([strictObject(fileEntries), hashtagsSchema]);

/** The settings of `data/hashtags.json`, with defaults filled in. */
export type Settings = v.InferOutput<typeof settingsSchema>;

/** A tracked hashtag as the file has it, with defaults filled in. */
export type FileEntry = v.InferOutput<typeof hashtagSchema>;

/** The keys that the object at the path may have. */
export function keysAt(path: (string | number)[]): string[] {
  const [top] = path;
  const entries =
    top === undefined ? fileEntries : top === 'settings' ? settingsEntries : hashtagEntries;
  return Object.keys(entries);
}

/** Adds a description, which editors show to those who write the file. */
function describe<const Schema extends v.GenericSchema>(description: string, schema: Schema) {
  return v.pipe(schema, v.description(description));
}

function optional<const Schema extends v.GenericSchema, const D extends v.InferInput<Schema>>(
  description: string,
  schema: Schema,
  defaultValue: D,
) {
  return v.optional(describe(description, schema), defaultValue);
}

function numberIn(least: number, most: number, message = NUMBER) {
  return v.pipe(
    v.number(message),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
}

function wholeNumberIn(least: number, most: number, message?: string) {
  return v.pipe(numberIn(least, most, message), v.integer('must be a whole number'));
}

/** An object with these keys and no other. Valibot alone would accept a list. */
function strictObject<const Entries extends v.ObjectEntries>(entries: Entries) {
  const isObject = (value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  return v.pipe(v.custom<object>(isObject, 'must be an object'), v.strictObject(entries));
}

/** True for the address of a folder on the web. Others would make broken links. */
function isPageAddress(address: string): boolean {
  return /^https?:\/\/[^\s?#()<>"\\]+\/$/.test(address) && URL.canParse(address);
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }) !== undefined;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

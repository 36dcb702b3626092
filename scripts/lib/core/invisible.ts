// One emoji may have a skin tone; several make one picture if joiners (U+200D) are between them.
const PICTURE = String.raw`\p{Extended_Pictographic}\p{Emoji_Modifier}?`;
// The flags of regions such as Scotland: a black flag, and the region's code in invisible letters.
const REGION_FLAG = String.raw`\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,6}\u{E007F}`;
const FLAG = String.raw`\p{Regional_Indicator}{2}`;
const KEYCAP = String.raw`[#*]\u20E3`; // a digit's keycap consists of a digit and a mark
const TONE = String.raw`\p{Emoji_Modifier}`;

/** Emoji, flags, and the keycaps of `#` and `*`. Each match is a whole sequence. */
export const EMOJI = new RegExp(
  `${REGION_FLAG}|${FLAG}|${KEYCAP}|${PICTURE}(?:\\u200D${PICTURE})*|${TONE}`,
  'gu',
);

const scripts = (names: string) =>
  names
    .split(' ')
    .map((name) => `\\p{Script_Extensions=${name}}`)
    .join('');
// The scripts in which a joiner or non-joiner changes how the letters beside it are written.
const JOINING = scripts(
  'Arabic Syriac Nko Mandaic Adlam Hanifi_Rohingya Mongolian Phags_Pa Devanagari Bengali ' +
    'Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Khmer Myanmar Balinese Javanese',
);
const LETTER = `(?=[\\p{L}\\p{M}])[${JOINING}]`;
// A vowel killer of an Indic script; a joiner after it asks for a half letter, even at the end.
const VIRAMA = '[\\u094D\\u09CD\\u0A4D\\u0ACD\\u0B4D\\u0BCD\\u0C4D\\u0CCD\\u0D4D\\u0DCA]';
const MONGOLIAN = '(?=\\p{L})\\p{Script=Mongolian}';

// Characters that are invisible themselves but change what one sees. Of several joiners, one counts.
const JOINER = '\\p{Join_Control}'; // U+200C and U+200D
const MEANINGFUL = [
  REGION_FLAG,
  `(?<=${LETTER})${JOINER}(?=${JOINER}*${LETTER})`,
  `(?<=${PICTURE}\\uFE0F?)\\u200D(?=${JOINER}*\\p{Extended_Pictographic})`,
  `(?<=${VIRAMA})\\u200D`,
  `(?<=${MONGOLIAN})(?:[\\u180B-\\u180D\\u180F]|\\u180E(?=${MONGOLIAN}))`,
].join('|');

const IGNORABLE = '[\\p{Default_Ignorable_Code_Point}\\uFFF9-\\uFFFB]';
const ANY_IGNORABLE = new RegExp(IGNORABLE, 'u');
const OTHER_IGNORABLE = new RegExp(`(${MEANINGFUL}|${JOINER})|${IGNORABLE}`, 'gu');
const OTHER_JOINER = new RegExp(`(${MEANINGFUL})|${JOINER}`, 'gu');

/**
 * The text without characters that change nothing that one can see: zero-width spaces, direction
 * marks, fillers, the variation selectors of emoji. What has a meaning where it stands is kept:
 * joiners within emoji and between letters whose writing they change, and the codes of flags.
 */
export function withoutInvisible(text: string): string {
  if (!ANY_IGNORABLE.test(text)) return text;
  // Joiners come last, because what stands beside them is known only then.
  return text
    .replace(OTHER_IGNORABLE, (_, kept: string = '') => kept)
    .replace(OTHER_JOINER, (_, kept: string = '') => kept);
}

// Control characters, line ends, and marks that are invisible or change the writing direction.
const UNPRINTABLE = '[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]';
const ANY_UNPRINTABLE = new RegExp(UNPRINTABLE, 'u');
// Text whose direction can't change that of the text around it.
const ISOLATED = '[^\\p{Cc}\\p{Zl}\\p{Zp}\\u202A-\\u202E\\u2066-\\u2069]*';
const ISOLATE = `\\u2068(?=${ISOLATED}\\u2069)`;
// The mark comes first, because looking back from every other character would take long.
const ISOLATE_END = `\\u2069(?<=\\u2068${ISOLATED}\\u2069)`;
const OTHER_UNPRINTABLE = new RegExp(
  `(${MEANINGFUL}|${ISOLATE}|${ISOLATE_END})|${UNPRINTABLE}`,
  'gu',
);

/** The text with a blank for each character that can't be shown or could change other text. */
export function blankUnprintable(text: string): string {
  if (!ANY_UNPRINTABLE.test(text)) return text;
  return text.replace(OTHER_UNPRINTABLE, (_, kept: string = ' ') => kept);
}

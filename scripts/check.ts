import { type Command, parseFlags, runCommand } from './lib/command.ts';
import { activeEntries, readWatchlist } from './lib/watchlist.ts';

const check: Command = async (args, { root, log }) => {
  if (parseFlags('check', 'Checks data/hashtags.json.', {}, args, log) === null) return 0;
  const watchlist = await readWatchlist(root);
  for (const notice of watchlist.notices) log.notice(notice);
  const active = activeEntries(watchlist).length;
  const paused = watchlist.entries.length - active;
  log.info(`data/hashtags.json is fine: ${active} to track, ${paused} paused`);
  return 0;
};

await runCommand(check);

import { formatProblem, type Problem } from '../core/errors.ts';
import { formatCount } from '../core/format.ts';
import { errorMessage, plainText } from '../core/text.ts';

type Message = string | Problem;

/** Messages for people: plain lines on a terminal, annotations and a summary on GitHub. */
export type Log = {
  info: (line: string) => void;
  /** Worth knowing. GitHub shows a notice, warning or error about a file on its line. */
  notice: (message: Message) => void;
  warning: (message: Message) => void;
  error: (message: Message) => void;
  /** Results for later steps of a GitHub job; ignored elsewhere. */
  setOutputs: (outputs: Record<string, string>) => void;
  /** Shows Markdown on the page of a GitHub run; ignored elsewhere. */
  showSummary: (markdown: string) => Promise<void>;
};

/** Shows the first messages of a kind, and how many more there are. */
export function showFirst(
  log: Log,
  kind: 'notice' | 'warning' | 'error',
  messages: string[],
  most: number,
): void {
  for (const message of messages.slice(0, most)) log[kind](message);
  const left = messages.length - most;
  if (left > 0) log[kind](`… and ${formatCount(left)} more`);
}

type Env = Record<string, string | undefined>;

/** The log for this environment. `write` gets whole lines. */
export async function createLog(env: Env, write: (line: string) => void): Promise<Log> {
  return env.GITHUB_ACTIONS === 'true' ? createActionsLog(env, write) : createTerminalLog(write);
}

/** Plain lines, whatever the environment. */
export function createTerminalLog(write: (line: string) => void): Log {
  const labelled = (label: string) => (message: Message) =>
    write(`${label}: ${typeof message === 'string' ? message : formatProblem(message)}`);
  return {
    info: write,
    notice: labelled('note'),
    warning: labelled('warning'),
    error: labelled('error'),
    setOutputs: () => {},
    showSummary: async () => {},
  };
}

/** GitHub shows no more annotations of one kind for a step, and does not say so. */
const MAX_ANNOTATIONS = 10;

async function createActionsLog(env: Env, write: (line: string) => void): Promise<Log> {
  const core = await import('@actions/core');
  const plain = createTerminalLog((line) => write(plainText(line, Number.POSITIVE_INFINITY)));
  const annotate = (kind: 'notice' | 'warning' | 'error') => {
    let left = MAX_ANNOTATIONS;
    return (message: Message) => {
      if (left-- <= 0) plain[kind](message);
      else if (typeof message === 'string') core[kind](message);
      else {
        const { file, line, column } = message;
        core[kind](message.message, { file, startLine: line, startColumn: column });
      }
    };
  };
  return {
    info: write,
    notice: annotate('notice'),
    warning: annotate('warning'),
    error: annotate('error'),
    setOutputs(outputs) {
      for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
    },
    async showSummary(markdown) {
      if (!env.GITHUB_STEP_SUMMARY) return;
      try {
        await core.summary.addRaw(markdown, true).write();
      } catch (error) {
        core.warning(`The summary of this run could not be written: ${errorMessage(error)}`);
      }
    },
  };
}

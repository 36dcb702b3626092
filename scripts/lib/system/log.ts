import { formatProblem, type Problem } from '../core/errors.ts';
import { errorMessage } from '../core/text.ts';

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

async function createActionsLog(env: Env, write: (line: string) => void): Promise<Log> {
  const core = await import('@actions/core');
  const annotate = (command: typeof core.notice) => (message: Message) => {
    if (typeof message === 'string') command(message);
    else {
      const { file, line, column } = message;
      command(message.message, { file, startLine: line, startColumn: column });
    }
  };
  return {
    info: write,
    notice: annotate(core.notice),
    warning: annotate(core.warning),
    error: annotate(core.error),
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

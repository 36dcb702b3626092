import { formatProblem, type Problem, WATCHLIST_PATH } from './watchlist.ts';

/** Where the program speaks: plain lines on a terminal, annotations and a summary on GitHub. */
export type Log = {
  info: (line: string) => void;
  /** Something to know; with a place in the watchlist, GitHub shows it on that line. */
  notice: (message: string | Problem) => void;
  warning: (message: string | Problem) => void;
  error: (message: string | Problem) => void;
  /** Results for later steps; go nowhere outside GitHub. */
  setOutputs: (outputs: Record<string, string>) => void;
  /** Shows Markdown on the run's page; nowhere outside GitHub. */
  showSummary: (markdown: string) => Promise<void>;
};

type Env = Record<string, string | undefined>;

/** The log that fits the environment. `write` gets whole lines. */
export async function createLog(env: Env, write: (line: string) => void): Promise<Log> {
  return env.GITHUB_ACTIONS === 'true' ? createActionsLog(env, write) : createTerminalLog(write);
}

/** Plain lines, whatever the environment. */
export function createTerminalLog(write: (line: string) => void): Log {
  const say = (label: string) => (message: string | Problem) => {
    write(`${label}: ${typeof message === 'string' ? message : formatProblem(message)}`);
  };
  return {
    info: write,
    notice: say('note'),
    warning: say('warning'),
    error: say('error'),
    setOutputs: () => {},
    showSummary: async () => {},
  };
}

async function createActionsLog(env: Env, write: (line: string) => void): Promise<Log> {
  const core = await import('@actions/core');
  const annotate =
    (command: typeof core.notice) =>
    (message: string | Problem): void => {
      if (typeof message === 'string') {
        command(message);
      } else {
        const { line, column } = message;
        command(message.message, { file: WATCHLIST_PATH, startLine: line, startColumn: column });
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
      if (env.GITHUB_STEP_SUMMARY) await core.summary.addRaw(markdown, true).write();
    },
  };
}

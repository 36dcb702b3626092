import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import {
  convertWorkflowTemplate,
  NoOperationTraceWriter,
  parseWorkflow,
} from '@actions/workflow-parser';
import { PROJECT, runProcess } from './process.ts';

export const readWorkflow = (file: string) =>
  readFile(path.join(PROJECT, '.github/workflows', file), 'utf8');

/** A workflow as GitHub's own parser reads it. */
export async function convert(file: string) {
  const content = await readWorkflow(file);
  const parsed = parseWorkflow({ name: file, content }, new NoOperationTraceWriter());
  const errors = parsed.context.errors.getErrors();
  if (parsed.value === undefined || errors.length > 0) throw new Error(`${file}: ${errors}`);
  return convertWorkflowTemplate(parsed.context, parsed.value);
}

async function findJob(file: string, id: string) {
  const { jobs } = await convert(file);
  const job = jobs.find((candidate) => candidate.id.value === id);
  if (job?.type !== 'job') throw new Error(`${file} has no job ${id}`);
  return job;
}

/** Runs a `run:` line as a runner does. */
export const runStep = (line: string, root: string, env: Record<string, string>) =>
  runProcess('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', line], root, env);

type Status = 'success' | 'failure' | 'cancelled';
/** `github`, `inputs`, `needs` and the others, as an expression sees them. */
type Contexts = Record<string, object>;

/** Whether a condition holds, as GitHub evaluates it. */
function holds(condition: string, contexts: Contexts, status: Status): boolean {
  const call = (value: boolean) => () => new data.BooleanData(value);
  const functions = [
    { name: 'success', minArgs: 0, maxArgs: 0, call: call(status === 'success') },
    { name: 'failure', minArgs: 0, maxArgs: 0, call: call(status === 'failure') },
    { name: 'cancelled', minArgs: 0, maxArgs: 0, call: call(status === 'cancelled') },
    { name: 'always', minArgs: 0, maxArgs: 0, call: call(true) },
  ];
  const { tokens } = new Lexer(condition.replace(/^\$\{\{(.*)\}\}$/s, '$1')).lex();
  const expression = new Parser(tokens, Object.keys(contexts), functions).parse();
  const values = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  const byName = new Map(functions.map((entry) => [entry.name, entry]));
  const result = new Evaluator(expression, values, byName).evaluate();
  return result.coerceString() === 'true';
}

/** Whether a job runs, with the status of the jobs that it needs. */
export async function isJobRun(
  file: string,
  id: string,
  contexts: Contexts,
  status: Status = 'success',
): Promise<boolean> {
  return holds(String((await findJob(file, id)).if), contexts, status);
}

/**
 * Goes through the steps of a job in a checkout, each with its condition. Gives the names of those
 * that run. Only steps with a `run:` line do something, and `acts` may do it in their place.
 * @param acts by a step's name: what happens, and the status of the job afterwards
 */
export async function runJob(
  file: string,
  id: string,
  root: string,
  env: Record<string, string>,
  acts: Record<string, (output: string) => Promise<Status>>,
): Promise<string[]> {
  const { steps } = await findJob(file, id);
  const outputs: Record<string, { outputs: Record<string, string> }> = {};
  const ran: string[] = [];
  let status: Status = 'success';
  for (const step of steps) {
    if (!holds(String(step.if), { steps: outputs }, status)) continue;
    const name = String(step.name ?? ('uses' in step ? step.uses : step.id));
    ran.push(name.replace(/@.*/, ''));
    if (!('run' in step)) continue;
    const output = path.join(await mkdtemp(path.join(tmpdir(), 'step-')), 'output');
    await writeFile(output, '');
    const act = acts[name];
    if (act !== undefined) status = await act(output);
    else {
      const { exitCode } = await runStep(String(step.run), root, { ...env, GITHUB_OUTPUT: output });
      if (exitCode !== 0) status = 'failure';
    }
    const lines = (await readFile(output, 'utf8')).matchAll(/^(\w+)=(.*)$/gm);
    const values = Object.fromEntries([...lines].map(([, key, value]) => [key, value]));
    outputs[String(step.id)] = { outputs: values };
  }
  return ran;
}

import type { Answers, Question, Response } from './messages.ts';

declare const WORKER_PATH: string;

/** Asks the worker. The promise is rejected with the problem in words. */
export type Ask = <K extends Question['kind']>(
  question: Extract<Question, { kind: K }>,
) => Promise<Answers[K]>;

/** Starts the worker that reads the data. */
export function startWorker(): Ask {
  const worker = new Worker(new URL(WORKER_PATH, document.baseURI), { type: 'module' });
  const waiting = new Map<number, PromiseWithHandlers>();
  const failAll = () => {
    for (const { reject } of waiting.values()) {
      reject(new Error('A part of this page is missing or damaged. Reload it.'));
    }
    waiting.clear();
  };
  worker.addEventListener('error', failAll);
  worker.addEventListener('message', ({ data }: MessageEvent<Response>) => {
    const handlers = waiting.get(data.id);
    waiting.delete(data.id);
    if ('problem' in data) handlers?.reject(new Error(data.problem));
    else handlers?.resolve(data.answer);
  });
  let lastId = 0;
  return <K extends Question['kind']>(question: Extract<Question, { kind: K }>) =>
    new Promise<Answers[K]>((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, { resolve: (answer) => resolve(answer as Answers[K]), reject });
      worker.postMessage({ id, question });
    });
}

type PromiseWithHandlers = { resolve: (answer: unknown) => void; reject: (error: Error) => void };

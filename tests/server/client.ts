// One request of a stranger's, sent over HTTP, and what came back. What it should be is the test's to judge.
import { Agent, request } from 'node:http';
import type { Asked } from './requests.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export class Client {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.#port = port;
  }

  /** Undefined where the client leaves. */
  ask({ path, isJson, body, leaves, stalls }: Asked): Promise<Answer | undefined> {
    const bytes = Buffer.from(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path,
          method: 'POST',
          // Connections that are broken off are no others' to use.
          agent: leaves !== undefined || stalls ? false : this.#agent,
          headers: {
            'content-type': isJson ? 'application/json' : 'application/octet-stream',
            'content-length': bytes.length,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part) => (text += part));
          response.on('end', () => resolve({ status: response.statusCode!, text }));
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      const leave = (): void => {
        resolve(undefined);
        sent.off('error', reject).on('error', () => {});
        sent.destroy();
      };
      if (leaves === 'half' || stalls) {
        sent.write(bytes.subarray(0, bytes.length >> 1), stalls ? () => {} : leave);
        return;
      }
      if (leaves !== undefined) setTimeout(leave, leaves);
      sent.end(bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

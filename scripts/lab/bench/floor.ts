// The least that such a program needs: Node with tsx and one request per hashtag, five in flight.
import { readFileSync } from 'node:fs';

const { SCAVIO_BASE_URL, SCAVIO_API_KEY } = process.env;
const names: string[] = JSON.parse(readFileSync('data/hashtags.json', 'utf8')).hashtags;
const queue = names.values();

async function worker(): Promise<void> {
  for (const name of queue) {
    const response = await fetch(`${SCAVIO_BASE_URL}/api/v1/tiktok/hashtag`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${SCAVIO_API_KEY}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ hashtag: name, hashtag_name: name }),
    });
    if (!response.ok) throw new Error(`${name}: HTTP ${response.status}`);
    await response.json();
  }
}

await Promise.all(Array.from({ length: 5 }, worker));

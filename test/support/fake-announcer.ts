import type { Announcement, Announcer, Saying } from '../../src/call/speech/announcement.js';

/** A tenth of a second for each word. */
export function announcementOf({ text = '' }: Saying): Announcement {
  return { text, samples: new Int16Array(text.split(' ').length * 1600).fill(8000), sampleRate: 16_000 };
}

/** Announcements without a voice. */
export class FakeAnnouncer implements Announcer, AsyncDisposable {
  readonly prepared: Saying[] = [];
  disposed = 0;

  async prepare(saying: Saying): Promise<Announcement> {
    this.prepared.push(saying);
    return announcementOf(saying);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed += 1;
  }
}

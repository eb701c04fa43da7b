import { describe, expect, test } from 'vitest';
import { drachtioDefaults } from '../../../src/signaling/drachtio/drachtio-options.js';
import { ANSWER, DrachtioHarness, hear, OFFER, until } from '../../support/drachtio-harness.js';

describe('a lost connection', () => {
  // Its peers would hear ringing, or nothing, until they hang up: the server tells nobody of them any more.
  test('has its calls ended on the next one, where the server lives', async () => {
    await using harness = await DrachtioHarness.start();
    const up = await harness.answered();
    const waiting = await harness.incoming();
    waiting.leg.it.ring(180);
    await waiting.call.response(180);
    const leg = hear(harness.driver.invite({ uri: 'sip:far@127.0.0.1:5080', fromUser: '2000', sdp: OFFER }));
    const ringing = await harness.server.outgoing();
    ringing.respond(180);
    await leg.event('progress');
    harness.server.applications[0]?.close();
    await harness.state('down');
    harness.clock.advance(250);
    await up.call.own('BYE');
    await waiting.call.response(503);
    await ringing.cancel;
    // A call that was not up gets no BYE.
    expect(waiting.call.unseen).toBe(0);
    expect((await waiting.leg.event('ended')).end).toMatchObject({ by: 'transport' });
  });

  test('has a caller refused, or hung up on, whose answer or BYE was lost with it', async () => {
    await using harness = await DrachtioHarness.start();
    const [up, { call, leg }] = [await harness.answered(), await harness.incoming()];
    harness.server.applications[0]?.close();
    leg.it.accept(ANSWER);
    up.leg.it.hangUp();
    await harness.state('down');
    harness.clock.advance(250);
    await call.response(503);
    await up.call.own('BYE');
  });

  test('has its calls ended on the one after it, where the next one comes to nothing', async () => {
    await using harness = await DrachtioHarness.start();
    const up = await harness.answered();
    const known = harness.server.secret;
    harness.server.secret = 'another';
    harness.server.applications[0]?.close();
    await harness.state('down');
    harness.clock.advance(250);
    await until(() => harness.log.some(({ message }) => message.includes('refuses our secret')));
    harness.server.secret = known;
    await until(() => {
      harness.clock.advance(drachtioDefaults.limits.refusedRetryMs);
      return harness.states.at(-1) === 'up';
    });
    await up.call.own('BYE');
  });

  test('has a call ended on the next one whose hang-up still waits for the ACK of our 200', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.accept(ANSWER);
    await call.response(200);
    // Answered in the dialog: the server has told its name.
    call.request('OPTIONS');
    await call.response(200, 'OPTIONS');
    leg.it.hangUp();
    harness.server.applications[0]?.close();
    await harness.state('down');
    harness.clock.advance(250);
    await call.own('BYE');
  });
});

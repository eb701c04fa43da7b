/*
 * The least that a paced echo costs: one socket per call, read and written at the call's own slot of a 5 ms timer.
 *
 *   reference-echo --calls N [--cpu N]
 *
 * Prints its ports as one line of JSON and runs until its standard input ends. Every 20 ms one packet leaves each call
 * that has been sent anything: the oldest frame that came, or silence.
 */
#include "common.h"

#include <poll.h>

#define SLOT_NS (5 * NS_PER_MS)
#define SLOTS 4
#define QUEUED 4
#define SILENCE 0xff

struct call {
  int socket;
  int connected;
  uint16_t sequence;
  uint32_t timestamp;
  int count;
  int first;
  uint8_t frames[QUEUED][FRAME_BYTES];
};

static void read_all(struct call *call) {
  uint8_t packet[2048];
  struct sockaddr_in from;
  for (;;) {
    socklen_t length = sizeof from;
    ssize_t bytes = call->connected ? recv(call->socket, packet, sizeof packet, 0)
                                    : recvfrom(call->socket, packet, sizeof packet, 0, (struct sockaddr *)&from, &length);
    if (bytes < 0) return;
    if (bytes != RTP_BYTES) continue;
    if (!call->connected) {
      if (connect(call->socket, (struct sockaddr *)&from, sizeof from) < 0) die("connect");
      call->connected = 1;
    }
    if (call->count == QUEUED) {
      call->first = (call->first + 1) % QUEUED;
      call->count -= 1;
    }
    memcpy(call->frames[(call->first + call->count) % QUEUED], packet + RTP_HEADER_BYTES, FRAME_BYTES);
    call->count += 1;
  }
}

static void send_one(struct call *call, uint32_t index) {
  uint8_t packet[RTP_BYTES];
  write_rtp_header(packet, 0, call->sequence, call->timestamp, index + 1);
  if (call->count > 0) {
    memcpy(packet + RTP_HEADER_BYTES, call->frames[call->first], FRAME_BYTES);
    call->first = (call->first + 1) % QUEUED;
    call->count -= 1;
  } else {
    memset(packet + RTP_HEADER_BYTES, SILENCE, FRAME_BYTES);
  }
  call->sequence += 1;
  call->timestamp += FRAME_BYTES;
  send(call->socket, packet, sizeof packet, 0);
}

int main(int argc, char **argv) {
  int calls = 1, cpu = -1;
  check_pairs(argc, argv);
  for (int i = 1; i < argc; i += 2) {
    if (strcmp(argv[i], "--calls") == 0) calls = atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--cpu") == 0) cpu = atoi(argv[i + 1]);
    else return unknown_option(argv[i]);
  }
  pin_to(cpu);
  struct call *all = calloc((size_t)calls, sizeof *all);
  if (!all) die("memory");
  printf("{\"ports\":[");
  for (int i = 0; i < calls; i += 1) {
    int port;
    all[i].socket = open_loopback(SOCK_DGRAM, &port);
    printf("%s%d", i ? "," : "", port);
  }
  printf("]}\n");
  fflush(stdout);
  struct pollfd input = {.fd = 0, .events = POLLIN};
  int64_t deadline = clock_ns(CLOCK_MONOTONIC);
  for (uint32_t slot = 0;; slot += 1) {
    deadline += SLOT_NS;
    sleep_until(deadline);
    for (int i = (int)(slot % SLOTS); i < calls; i += SLOTS) {
      read_all(&all[i]);
      if (all[i].connected) send_one(&all[i], (uint32_t)i);
    }
    char byte;
    if (slot % 200 == 0 && poll(&input, 1, 0) > 0 && read(0, &byte, 1) <= 0) return 0;
  }
}

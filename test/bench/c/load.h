/* The load generator: N calls over SIP and RTP from one process. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "common.h"

#define PTIME_MS 20
#define PTIME_NS (PTIME_MS * NS_PER_MS)
/* Frames whose time of sending is remembered: 20 s. */
#define REMEMBERED 1024

enum state { IDLE, INVITED, TALKING, LEAVING, ENDED, FAILED };

struct call {
  enum state state;
  /* SIP */
  char tag[24], branch[32], call_id[48];
  char to[256], target[256];
  /* Of the request that is not answered yet. */
  int64_t asked_ns, retry_ns, wait_ns;
  /* RTP */
  struct sockaddr_in remote;
  uint16_t sequence;
  uint32_t timestamp, frames;
  int64_t sent_ns[REMEMBERED];
  int64_t marked_ns;
  int quiet;
  int heard;
  uint16_t last_sequence;
  int64_t last_arrival_ns;
  int64_t last_stamp_us;
};

/* Values of one kind, in ms. */
struct values {
  float *all;
  size_t count, room;
};

struct load {
  int calls;
  struct sockaddr_in sip_target;
  const char *user;
  int rate;
  /* Each call's frame `marker_every` carries a faint tone, 0: none; the others a number. */
  int marker_every;
  struct call *all;

  /* Between these moments (CLOCK_REALTIME) things count. 0: not yet. */
  int64_t from_ns, to_ns;
  struct values pacing, round_trip, stamp, late, setup;
  long sent, returned, received, lost, reordered, duplicated, foreign;
  long answered, refused, ended_early, last_refusal;
};

static inline void add_value(struct values *values, double value) {
  if (values->count == values->room) {
    values->room = values->room ? values->room * 2 : 65536;
    values->all = grow(values->all, values->room * sizeof *values->all);
  }
  values->all[values->count++] = (float)value;
}

static inline int counts(const struct load *load, int64_t at_ns) {
  return load->from_ns && at_ns >= load->from_ns && (!load->to_ns || at_ns < load->to_ns);
}

/* load-media.c */
void media_open(void);
int media_port(int call);
void media_start(struct load *load, int call, struct sockaddr_in remote);
void media_send(struct load *load, int phase);
void media_read(struct load *load);

/* load-sip.c */
void sip_open(void);
void sip_invite(struct load *load, int call);
void sip_leave(struct load *load, int call);
void sip_read(struct load *load);
void sip_timers(struct load *load);

#endif

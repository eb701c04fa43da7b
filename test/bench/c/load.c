/*
 * N calls over SIP and paced RTP, measured by the kernel's times of arrival.
 *
 *   load --calls N (--sip HOST:PORT --user NUMBER [--rate CALLS_PER_SECOND] | --ports PORT,PORT,...)
 *        [--warmup SECONDS] [--window SECONDS] [--marker-every FRAMES] [--cpu N] [--priority N]
 *
 * `--ports`: no SIP; each call's packets go to a port of 127.0.0.1, as the reference echo has them.
 *
 * Lines of JSON on standard output: `talking`, `window-start`, `window-end`, and at last `result`. A marker is a faint tone
 * in every so many frames, for paths that do not give back the bytes they take; without it each frame carries its number.
 */
#include "load.h"

#include <math.h>

#define TICK_NS NS_PER_MS
#define SETUP_LIMIT_NS (60000 * NS_PER_MS)
/* Frames still under way at the end of the window may come back so much later. */
#define DRAIN_NS (1500 * NS_PER_MS)
#define LEAVE_LIMIT_NS (10000 * NS_PER_MS)

static void tell(const char *event) {
  printf("{\"event\":\"%s\"}\n", event);
  fflush(stdout);
}

static int compare(const void *a, const void *b) {
  float left = *(const float *)a, right = *(const float *)b;
  return left < right ? -1 : left > right;
}

/* By nearest rank, as the rest of the bench counts. */
static double share(const struct values *values, double part) {
  size_t rank = (size_t)ceil(part * (double)values->count);
  return values->all[rank > 0 ? rank - 1 : 0];
}

static void print_values(const char *name, struct values *values) {
  if (values->count == 0) {
    printf("\"%s\":null,", name);
    return;
  }
  qsort(values->all, values->count, sizeof *values->all, compare);
  printf("\"%s\":{\"count\":%zu,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"max\":%.3f},", name, values->count,
         share(values, 0.5), share(values, 0.95), share(values, 0.99), share(values, 1));
}

/* One pass: what is due in this millisecond is sent, and everything that has come is read. */
static void turn(struct load *load, int64_t tick, int64_t origin_ns) {
  int64_t deadline_ns = origin_ns + tick * TICK_NS;
  sleep_until(deadline_ns);
  double late_ms = (double)(clock_ns(CLOCK_MONOTONIC) - deadline_ns) / NS_PER_MS;
  if (counts(load, clock_ns(CLOCK_REALTIME))) add_value(&load->late, late_ms);
  media_send(load, (int)(tick % PTIME_MS));
  media_read(load);
  if (load->user) sip_read(load);
  if (load->user && tick % 10 == 0) sip_timers(load);
}

static int in_state(const struct load *load, enum state state) {
  int count = 0;
  for (int i = 0; i < load->calls; i += 1) count += load->all[i].state == state;
  return count;
}

static void set_up(struct load *load, int64_t *tick, int64_t origin_ns) {
  int64_t first = *tick;
  int asked = 0;
  for (;; *tick += 1) {
    int64_t due = 1 + (*tick - first) * load->rate / 1000;
    while (load->user && asked < load->calls && asked < due) sip_invite(load, asked++);
    turn(load, *tick, origin_ns);
    int open = load->user ? load->calls - asked + in_state(load, INVITED) : 0;
    if (open == 0 || (*tick - first) * TICK_NS > SETUP_LIMIT_NS) return;
  }
}

static void run_for(struct load *load, int64_t *tick, int64_t origin_ns, int64_t ns) {
  for (int64_t end = *tick + ns / TICK_NS; *tick < end; *tick += 1) turn(load, *tick, origin_ns);
}

static void hang_up(struct load *load, int64_t *tick, int64_t origin_ns) {
  int64_t limit = *tick + LEAVE_LIMIT_NS / TICK_NS;
  for (int i = 0; i < load->calls; i += 1) {
    if (load->all[i].state == TALKING) sip_leave(load, i);
    if (i % 2 == 1) turn(load, (*tick)++, origin_ns);
  }
  while (in_state(load, LEAVING) > 0 && *tick < limit) turn(load, (*tick)++, origin_ns);
}

static struct sockaddr_in address_of(const char *text) {
  char host[64];
  int port;
  struct sockaddr_in address = {.sin_family = AF_INET};
  if (sscanf(text, "%63[^:]:%d", host, &port) != 2 || inet_pton(AF_INET, host, &address.sin_addr) != 1) {
    fprintf(stderr, "not an IPv4 address and port: %s\n", text);
    exit(2);
  }
  address.sin_port = htons((uint16_t)port);
  return address;
}

static void start_on_ports(struct load *load, const char *ports) {
  for (int i = 0; i < load->calls; i += 1) {
    struct sockaddr_in remote = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    remote.sin_port = htons((uint16_t)atoi(ports));
    media_start(load, i, remote);
    load->answered += 1;
    ports = strchr(ports, ',');
    if (!ports) return;
    ports += 1;
  }
}

int main(int argc, char **argv) {
  struct load load = {.calls = 1, .rate = 100};
  const char *ports = NULL;
  double warmup = 2, window = 5;
  int cpu = -1, priority = 0;
  check_pairs(argc, argv);
  for (int i = 1; i < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (strcmp(name, "--calls") == 0) load.calls = atoi(value);
    else if (strcmp(name, "--sip") == 0) load.sip_target = address_of(value);
    else if (strcmp(name, "--user") == 0) load.user = value;
    else if (strcmp(name, "--rate") == 0) load.rate = atoi(value);
    else if (strcmp(name, "--ports") == 0) ports = value;
    else if (strcmp(name, "--warmup") == 0) warmup = atof(value);
    else if (strcmp(name, "--window") == 0) window = atof(value);
    else if (strcmp(name, "--marker-every") == 0) load.marker_every = atoi(value);
    else if (strcmp(name, "--cpu") == 0) cpu = atoi(value);
    else if (strcmp(name, "--priority") == 0) priority = atoi(value);
    else return unknown_option(name);
  }
  int has_target = load.sip_target.sin_family == AF_INET;
  if (load.calls < 1 || (load.user == NULL) == (ports == NULL) || has_target != (load.user != NULL)) {
    fprintf(stderr, "needs either --sip and --user, or --ports\n");
    return 2;
  }
  load.all = calloc((size_t)load.calls, sizeof *load.all);
  if (!load.all) die("memory");
  for (int i = 0; i < load.calls; i += 1) {
    load.all[i].sequence = (uint16_t)(1000 + i);
    load.all[i].timestamp = (uint32_t)i * 4711;
  }
  int pinned = pin_to(cpu), realtime = become_realtime(priority);
  media_open();
  if (load.user) sip_open();
  else start_on_ports(&load, ports);
  int64_t origin_ns = clock_ns(CLOCK_MONOTONIC), tick = 1;
  set_up(&load, &tick, origin_ns);
  tell("talking");
  run_for(&load, &tick, origin_ns, (int64_t)(warmup * 1000) * NS_PER_MS);
  load.from_ns = clock_ns(CLOCK_REALTIME);
  tell("window-start");
  run_for(&load, &tick, origin_ns, (int64_t)(window * 1000) * NS_PER_MS);
  load.to_ns = clock_ns(CLOCK_REALTIME);
  tell("window-end");
  run_for(&load, &tick, origin_ns, DRAIN_NS);
  if (load.user) hang_up(&load, &tick, origin_ns);
  printf("{\"event\":\"result\",\"calls\":%d,\"answered\":%ld,\"refused\":%ld,\"lastRefusal\":%ld,\"endedEarly\":%ld,", load.calls,
         load.answered, load.refused, load.last_refusal, load.ended_early);
  print_values("setupMs", &load.setup);
  print_values("pacingMs", &load.pacing);
  print_values("roundTripMs", &load.round_trip);
  print_values("stampMs", &load.stamp);
  print_values("latenessMs", &load.late);
  printf("\"sent\":%ld,\"returned\":%ld,\"received\":%ld,\"lost\":%ld,\"reordered\":%ld,\"duplicated\":%ld,\"foreign\":%ld,",
         load.sent, load.returned, load.received, load.lost, load.reordered, load.duplicated, load.foreign);
  printf("\"windowMs\":%.1f,\"pinned\":%s,\"realtime\":%s}\n", (double)(load.to_ns - load.from_ns) / NS_PER_MS,
         pinned ? "true" : "false", realtime ? "true" : "false");
  return 0;
}

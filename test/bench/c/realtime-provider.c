/*
 * A stand-in for a realtime speech service that costs next to nothing: JSON over WebSockets as OpenAI's protocol has it,
 * no voice detection, no speech. It greets without end.
 *
 *   realtime-provider [--cpu N] [--mode echo|bursts] [--pcm24 1] [--cushion MS] [--settle MS] [--certificate FILE --key FILE]
 *
 * Prints its port as JSON and runs until its standard input ends. The first response a session asks for goes on for good:
 * echo    what is appended comes back as it is, message by message, behind a cushion that bridges the wait for the next;
 *         nothing before the last session has been open for `settle`: an echo without end never makes up for a wait, and
 *         what waited while sessions were opened is no part of what is measured
 * bursts  once a second 100 ms of mu-law that carry the time at which they were written
 */
#include "provider.h"

#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#define MAX_EVENTS 256
#define BURST_FRAMES 5
#define BURST_EVERY_MS 1000
#define APPEND "{\"type\":\"input_audio_buffer.append\",\"audio\":\""
#define APPEND_BYTES (sizeof APPEND - 1)

static struct {
  int bursts;
  int pcm24;
  int cushion_ms;
  int settle_ms;
} options = {.cushion_ms = 40};

static int epoll;
static struct connection *all;
static int64_t last_opened_ns;

static void say(struct connection *connection, const char *text, size_t length) {
  websocket_send(connection, 1, text, length);
}

/* Ids are as long as those of the service: what is made of them costs memory and time by their length. */
static void say_audio(struct connection *connection, const char *base64, size_t length) {
  static char text[1 << 20];
  if (length > sizeof text - 512) return;
  int head = snprintf(text, 512,
                      "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_%08lx%012lu\","
                      "\"response_id\":\"resp_CUPYtM5hPKlPmY5gbIm6F\",\"item_id\":\"item_CUPYtlfeR4Pxkum0TJjMJ\","
                      "\"output_index\":0,\"content_index\":0,\"delta\":\"",
                      connection->id, connection->events++);
  memcpy(text + head, base64, length);
  memcpy(text + head + length, "\"}", 2);
  say(connection, text, (size_t)head + length + 2);
}

/* A tone that no trimming of silence takes away. */
static void say_tone(struct connection *connection, int ms) {
  uint8_t bytes[24000];
  char base64[32004];
  size_t count = 0;
  if (options.pcm24) {
    /* Little-endian, as the service has it, on any machine that we know. */
    for (int i = 0; i < ms * 24; i += 1) {
      int16_t sample = i % 24 < 12 ? 800 : -800;
      memcpy(bytes + count, &sample, 2);
      count += 2;
    }
  } else {
    for (int i = 0; i < ms * 8; i += 1) bytes[count++] = i % 8 < 4 ? 0xcf : 0x4f;
  }
  say_audio(connection, base64, base64_encode(bytes, count, base64));
}

static void say_burst(struct connection *connection) {
  uint8_t bytes[BURST_FRAMES * FRAME_BYTES];
  char base64[2000];
  uint64_t stamp_us = (uint64_t)(clock_ns(CLOCK_REALTIME) / 1000);
  for (int i = 0; i < BURST_FRAMES; i += 1) {
    memset(bytes + i * FRAME_BYTES, ONE, FRAME_BYTES);
    write_number(bytes + i * FRAME_BYTES, MARK_STAMP, stamp_us);
  }
  say_audio(connection, base64, base64_encode(bytes, sizeof bytes, base64));
}

static void on_response_create(struct connection *connection, const char *message, size_t length) {
  static const char name[] = "\"request\":\"";
  char text[512], request[64] = "";
  const char *at = memmem(message, length, name, sizeof name - 1);
  if (at) {
    const char *value = at + sizeof name - 1, *end = memchr(value, '"', (size_t)(message + length - value));
    if (end && end - value < (long)sizeof request) memcpy(request, value, (size_t)(end - value));
  }
  if (connection->talking) return;
  say(connection, text,
      (size_t)snprintf(text, sizeof text,
                       "{\"type\":\"response.created\",\"event_id\":\"event_c\","
                       "\"response\":{\"id\":\"resp_CUPYtM5hPKlPmY5gbIm6F\",\"object\":\"realtime.response\","
                       "\"status\":\"in_progress\",\"metadata\":{\"request\":\"%s\"}}}",
                       request));
  say(connection, text,
      (size_t)snprintf(text, sizeof text,
                       "{\"type\":\"response.output_item.added\",\"event_id\":\"event_i\","
                       "\"response_id\":\"resp_CUPYtM5hPKlPmY5gbIm6F\",\"output_index\":0,\"item\":{"
                       "\"id\":\"item_CUPYtlfeR4Pxkum0TJjMJ\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}"));
  /* Its first sound is what a call is answered with. */
  say_tone(connection, 20);
  connection->talking = 1;
  connection->next_burst_ns = clock_ns(CLOCK_MONOTONIC) + (500 + connection->id * 37 % 1000) * NS_PER_MS;
}

static void on_message(struct connection *connection, const char *message, size_t length) {
  if (length > APPEND_BYTES && memcmp(message, APPEND, APPEND_BYTES) == 0) {
    if (!connection->talking || options.bursts) return;
    if (!connection->echoing) {
      if (clock_ns(CLOCK_MONOTONIC) - last_opened_ns < options.settle_ms * NS_PER_MS) return;
      say_tone(connection, options.cushion_ms);
      connection->echoing = 1;
    }
    const char *audio = message + APPEND_BYTES, *end = memchr(audio, '"', length - APPEND_BYTES);
    if (end) say_audio(connection, audio, (size_t)(end - audio));
  } else if (memmem(message, length < 64 ? length : 64, "\"session.update\"", 16)) {
    static const char updated[] = "{\"type\":\"session.updated\",\"event_id\":\"event_u\",\"session\":{\"type\":\"realtime\"}}";
    say(connection, updated, sizeof updated - 1);
  } else if (memmem(message, length < 64 ? length : 64, "\"response.create\"", 17)) {
    on_response_create(connection, message, length);
  }
}

static void on_open(struct connection *connection) {
  static const char created[] =
      "{\"type\":\"session.created\",\"event_id\":\"event_s\",\"session\":{\"type\":\"realtime\",\"id\":\"sess_1\",\"model\":\"bench\"}}";
  last_opened_ns = clock_ns(CLOCK_MONOTONIC);
  say(connection, created, sizeof created - 1);
}

static void drop(struct connection *connection) {
  for (struct connection **at = &all; *at; at = &(*at)->next) {
    if (*at != connection) continue;
    *at = connection->next;
    break;
  }
  transport_close(connection);
  free(connection->in.bytes);
  free(connection->out.bytes);
  free(connection);
}

static void watch(struct connection *connection) {
  int wants = connection->out.count > 0;
  if (wants == connection->watching_out) return;
  connection->watching_out = wants;
  struct epoll_event event = {.events = EPOLLIN | (wants ? EPOLLOUT : 0), .data.ptr = connection};
  epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void serve(struct connection *connection) {
  if (!websocket_read(connection, on_open, on_message) || !transport_flush(connection)) drop(connection);
  else watch(connection);
}

static void accept_all(int listener) {
  static long ids;
  for (;;) {
    int yes = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) die("memory");
    connection->fd = fd;
    connection->id = ++ids;
    connection->next = all;
    all = connection;
    transport_open(connection);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll");
  }
}

static void burst_all(void) {
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  for (struct connection *connection = all, *next; connection; connection = next) {
    next = connection->next;
    if (!connection->talking || now_ns < connection->next_burst_ns) continue;
    connection->next_burst_ns += BURST_EVERY_MS * NS_PER_MS;
    say_burst(connection);
    if (!transport_flush(connection)) drop(connection);
    else watch(connection);
  }
}

int main(int argc, char **argv) {
  const char *certificate = NULL, *key = NULL;
  int cpu = -1, port;
  check_pairs(argc, argv);
  for (int i = 1; i < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (strcmp(name, "--cpu") == 0) cpu = atoi(value);
    else if (strcmp(name, "--mode") == 0) options.bursts = strcmp(value, "bursts") == 0;
    else if (strcmp(name, "--pcm24") == 0) options.pcm24 = atoi(value);
    else if (strcmp(name, "--cushion") == 0) options.cushion_ms = atoi(value);
    else if (strcmp(name, "--settle") == 0) options.settle_ms = atoi(value);
    else if (strcmp(name, "--certificate") == 0) certificate = value;
    else if (strcmp(name, "--key") == 0) key = value;
    else return unknown_option(name);
  }
  if (options.cushion_ms > 500 || !certificate != !key) return 2;
  signal(SIGPIPE, SIG_IGN);
  pin_to(cpu);
  transport_setup(certificate, key);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  int listener = open_loopback(SOCK_STREAM, &port);
  if (listen(listener, 1024) < 0) die("listen");
  epoll = epoll_create1(0);
  struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL}, ending = {.events = EPOLLIN, .data.ptr = &epoll};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0) die("epoll");
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &ending) < 0) die("epoll");
  printf("{\"port\":%d}\n", port);
  fflush(stdout);
  for (;;) {
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(epoll, events, MAX_EVENTS, options.bursts ? 1 : -1);
    for (int i = 0; i < count; i += 1) {
      char byte;
      if (events[i].data.ptr == NULL) accept_all(listener);
      else if (events[i].data.ptr == &epoll && read(0, &byte, 1) <= 0) return 0;
      else if (events[i].data.ptr != &epoll) serve(events[i].data.ptr);
    }
    if (options.bursts) burst_all();
  }
}

/* WebSockets (RFC 6455) of the stand-in for a realtime service, over TCP or TLS. */
#ifndef BENCH_PROVIDER_H
#define BENCH_PROVIDER_H

#include "common.h"

struct buffer {
  uint8_t *bytes;
  size_t count, room;
};

struct connection {
  struct connection *next;
  int fd;
  long id;
  void *tls;
  struct buffer in, out;
  int upgraded;
  int watching_out;
  /* Of the conversation. */
  int talking, echoing;
  unsigned long events;
  int64_t next_burst_ns;
};

/* provider-transport.c. A certificate and its key make every connection one of TLS. What fails for good returns 0. */
void transport_setup(const char *certificate, const char *key);
void transport_open(struct connection *connection);
/* Reads once; the bytes read, 0: nothing for now, -1: over. */
long transport_read(struct connection *connection, uint8_t *to, size_t room);
int transport_flush(struct connection *connection);
void transport_close(struct connection *connection);

/* provider-websocket.c */
size_t base64_encode(const uint8_t *from, size_t count, char *to);
void websocket_send(struct connection *connection, int opcode, const char *payload, size_t length);
/* Reads what has come and hands over each message. 0: the connection is over. */
int websocket_read(struct connection *connection, void (*on_open)(struct connection *),
                   void (*on_message)(struct connection *, const char *, size_t));

static inline void reserve(struct buffer *buffer, size_t more) {
  if (buffer->count + more <= buffer->room) return;
  buffer->room = (buffer->count + more) * 2;
  buffer->bytes = grow(buffer->bytes, buffer->room);
}

#endif

#include "provider.h"

#define MAX_MESSAGE (1 << 20)
/* 16 bytes in base64 (RFC 6455 section 4.1). */
#define KEY_BYTES 24

/* SHA-1 (RFC 3174) of a text short enough for two blocks: RFC 6455 wants it once for each connection. */
static void sha1(const char *text, size_t length, uint8_t digest[20]) {
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint8_t blocks[128] = {0};
  size_t total = length + 9 <= 64 ? 64 : 128;
  memcpy(blocks, text, length);
  blocks[length] = 0x80;
  for (int i = 0; i < 8; i += 1) blocks[total - 1 - (size_t)i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
  for (size_t at = 0; at < total; at += 64) {
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 16; i += 1) {
      const uint8_t *p = blocks + at + 4 * i;
      w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
#define ROTATE(value, bits) ((value) << (bits) | (value) >> (32 - (bits)))
    for (int i = 16; i < 80; i += 1) w[i] = ROTATE(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i += 1) {
      uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
      uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      uint32_t next = ROTATE(a, 5) + f + e + k + w[i];
      e = d;
      d = c;
      c = ROTATE(b, 30);
      b = a;
      a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
  }
  for (int i = 0; i < 20; i += 1) digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

size_t base64_encode(const uint8_t *from, size_t count, char *to) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t length = 0;
  for (size_t i = 0; i < count; i += 3) {
    uint32_t three = (uint32_t)from[i] << 16 | (i + 1 < count ? from[i + 1] << 8 : 0) | (i + 2 < count ? from[i + 2] : 0);
    to[length++] = letters[three >> 18];
    to[length++] = letters[three >> 12 & 63];
    to[length++] = i + 1 < count ? letters[three >> 6 & 63] : '=';
    to[length++] = i + 2 < count ? letters[three & 63] : '=';
  }
  return length;
}

static void append(struct connection *connection, const void *bytes, size_t count) {
  reserve(&connection->out, count);
  memcpy(connection->out.bytes + connection->out.count, bytes, count);
  connection->out.count += count;
}

void websocket_send(struct connection *connection, int opcode, const char *payload, size_t length) {
  uint8_t head[10] = {(uint8_t)(0x80 | opcode)};
  size_t bytes = 2;
  if (length < 126) {
    head[1] = (uint8_t)length;
  } else if (length < 65536) {
    head[1] = 126;
    head[2] = (uint8_t)(length >> 8);
    head[3] = (uint8_t)length;
    bytes = 4;
  } else {
    head[1] = 127;
    for (int i = 0; i < 8; i += 1) head[2 + i] = (uint8_t)((uint64_t)length >> (56 - 8 * i));
    bytes = 10;
  }
  append(connection, head, bytes);
  append(connection, payload, length);
}

/* 1: upgraded, 0: more is to come, -1: no WebSocket. */
static int upgrade(struct connection *connection) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  struct buffer *in = &connection->in;
  const uint8_t *end = memmem(in->bytes, in->count, "\r\n\r\n", 4);
  if (!end) return in->count > 16384 ? -1 : 0;
  /* What has come has no zero byte behind it: nothing that looks for one may look into it. */
  const uint8_t *at = memmem(in->bytes, in->count, "Sec-WebSocket-Key: ", 19);
  char key[KEY_BYTES + sizeof guid], base64[32], answer[256];
  uint8_t digest[20];
  if (!at || end - at < 19 + KEY_BYTES || at[19 + KEY_BYTES] != '\r') return -1;
  memcpy(key, at + 19, KEY_BYTES);
  memcpy(key + KEY_BYTES, guid, sizeof guid);
  sha1(key, strlen(key), digest);
  base64[base64_encode(digest, sizeof digest, base64)] = 0;
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64);
  append(connection, answer, (size_t)length);
  size_t used = (size_t)(end - in->bytes) + 4;
  memmove(in->bytes, in->bytes + used, in->count - used);
  in->count -= used;
  return 1;
}

static void unmask(uint8_t *bytes, size_t length, const uint8_t mask[4]) {
  uint32_t word;
  memcpy(&word, mask, 4);
  uint64_t wide = (uint64_t)word << 32 | word;
  size_t i = 0;
  for (; i + 8 <= length; i += 8) {
    uint64_t eight;
    memcpy(&eight, bytes + i, 8);
    eight ^= wide;
    memcpy(bytes + i, &eight, 8);
  }
  for (; i < length; i += 1) bytes[i] ^= mask[i % 4];
}

/* Whole frames at the front of the buffer are taken out. 0: the connection is over. */
static int take_frames(struct connection *connection, void (*on_message)(struct connection *, const char *, size_t)) {
  struct buffer *in = &connection->in;
  size_t at = 0;
  while (in->count - at >= 6) {
    uint8_t *frame = in->bytes + at;
    size_t length = frame[1] & 0x7f, head = 6;
    if (length == 126) {
      head = 8;
      length = (size_t)frame[2] << 8 | frame[3];
    } else if (length == 127) {
      head = 14;
      if (in->count - at < head) break;
      length = 0;
      for (int i = 0; i < 8; i += 1) length = length << 8 | frame[2 + i];
    }
    if (length > MAX_MESSAGE || !(frame[1] & 0x80) || !(frame[0] & 0x80)) return 0;
    if (in->count - at < head + length) break;
    uint8_t *payload = frame + head;
    unmask(payload, length, payload - 4);
    int opcode = frame[0] & 0x0f;
    if (opcode == 1) on_message(connection, (const char *)payload, length);
    else if (opcode == 9) websocket_send(connection, 10, (const char *)payload, length);
    else if (opcode == 8) return 0;
    at += head + length;
  }
  memmove(in->bytes, in->bytes + at, in->count - at);
  in->count -= at;
  return 1;
}

int websocket_read(struct connection *connection, void (*on_open)(struct connection *),
                   void (*on_message)(struct connection *, const char *, size_t)) {
  for (;;) {
    reserve(&connection->in, 16384);
    long bytes = transport_read(connection, connection->in.bytes + connection->in.count, 16384);
    if (bytes < 0) return 0;
    if (bytes == 0) return 1;
    connection->in.count += (size_t)bytes;
    if (!connection->upgraded) {
      int upgraded = upgrade(connection);
      if (upgraded < 0) return 0;
      if (upgraded == 0) continue;
      connection->upgraded = 1;
      on_open(connection);
    }
    if (!take_frames(connection, on_message)) return 0;
    if (bytes < 16384 && !connection->tls) return 1;
  }
}

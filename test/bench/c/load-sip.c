/* A user agent that calls and hangs up, over UDP: just enough of RFC 3261 for a server that keeps to it. */
#include "load.h"

#include <strings.h>

#define T1_NS (500 * NS_PER_MS)
/* Time in which an INVITE must be answered, and a BYE. */
#define LIMIT_NS (32000 * NS_PER_MS)

static int sip_socket;
static int sip_port;
static uint32_t run_id;

void sip_open(void) {
  int large = 4 << 20;
  sip_socket = open_loopback(SOCK_DGRAM, &sip_port);
  setsockopt(sip_socket, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
  run_id = (uint32_t)(clock_ns(CLOCK_REALTIME) / 1000) ^ (uint32_t)getpid() << 20;
}

static void put(struct load *load, const char *text, int length) {
  if (length > 0) sendto(sip_socket, text, (size_t)length, 0, (struct sockaddr *)&load->sip_target, sizeof load->sip_target);
}

static void request(struct load *load, int index, const char *method, int number, const char *body) {
  struct call *call = &load->all[index];
  char text[4096], uri[240], host[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &load->sip_target.sin_addr, host, sizeof host);
  snprintf(uri, sizeof uri, "sip:%s@%s:%d", load->user, host, ntohs(load->sip_target.sin_port));
  if (!call->to[0]) snprintf(call->to, sizeof call->to, "<%s>", uri);
  int in_dialog = call->target[0] != 0;
  /* The ACK to a refusal belongs to its INVITE (RFC 3261 section 17.1.1.3), that to a 200 is a transaction of its own. */
  const char *transaction = in_dialog ? method : "INVITE";
  int length = snprintf(text, sizeof text,
                        "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s%s;rport\r\nMax-Forwards: 70\r\n"
                        "From: <sip:load-%d@127.0.0.1>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n"
                        "Contact: <sip:load-%d@127.0.0.1:%d>\r\n%sContent-Length: %zu\r\n\r\n%s",
                        method, in_dialog ? call->target : uri, sip_port, call->branch, transaction, index, call->tag, call->to,
                        call->call_id, number, method, index, sip_port,
                        body[0] ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
  put(load, text, length);
}

static void send_invite(struct load *load, int index) {
  char sdp[256];
  snprintf(sdp, sizeof sdp,
           "v=0\r\no=load %d 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n"
           "a=rtpmap:0 PCMU/8000\r\na=ptime:%d\r\n",
           index + 1, media_port(index), PTIME_MS);
  request(load, index, "INVITE", 1, sdp);
}

void sip_invite(struct load *load, int index) {
  struct call *call = &load->all[index];
  snprintf(call->tag, sizeof call->tag, "t%x-%d", run_id, index);
  snprintf(call->branch, sizeof call->branch, "%x%06d", run_id, index);
  snprintf(call->call_id, sizeof call->call_id, "%x-%d@load", run_id, index);
  call->state = INVITED;
  call->asked_ns = clock_ns(CLOCK_MONOTONIC);
  call->wait_ns = T1_NS;
  call->retry_ns = call->asked_ns + T1_NS;
  send_invite(load, index);
}

void sip_leave(struct load *load, int index) {
  struct call *call = &load->all[index];
  call->state = LEAVING;
  call->asked_ns = clock_ns(CLOCK_MONOTONIC);
  call->wait_ns = T1_NS;
  call->retry_ns = call->asked_ns + T1_NS;
  request(load, index, "BYE", 2, "");
}

void sip_timers(struct load *load) {
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < load->calls; i += 1) {
    struct call *call = &load->all[i];
    if (call->state != INVITED && call->state != LEAVING) continue;
    if (now_ns - call->asked_ns > LIMIT_NS) {
      if (call->state == INVITED) load->refused += 1;
      call->state = FAILED;
    } else if (call->retry_ns && now_ns >= call->retry_ns) {
      call->wait_ns *= 2;
      call->retry_ns = now_ns + call->wait_ns;
      if (call->state == INVITED) send_invite(load, i);
      else request(load, i, "BYE", 2, "");
    }
  }
}

/* The value of a header field, copied; empty when there is none. Only the long form is known, which our peers use. */
static void field(const char *message, const char *name, char *value, size_t room) {
  size_t length = strlen(name);
  value[0] = 0;
  for (const char *line = strstr(message, "\r\n"); line && line[2] && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
    const char *at = line + 2;
    if (strncasecmp(at, name, length) != 0 || at[length] != ':') continue;
    at += length + 1;
    while (*at == ' ') at += 1;
    const char *end = strstr(at, "\r\n");
    size_t bytes = end ? (size_t)(end - at) : strlen(at);
    if (bytes >= room) bytes = room - 1;
    memcpy(value, at, bytes);
    value[bytes] = 0;
    return;
  }
}

static int call_of(struct load *load, const char *message) {
  char id[64], ours[16];
  unsigned run;
  int index;
  field(message, "Call-ID", id, sizeof id);
  if (sscanf(id, "%x-%d@%4s", &run, &index, ours) != 3 || run != run_id || index < 0 || index >= load->calls) return -1;
  return index;
}

static int where_it_listens(const char *message, struct sockaddr_in *remote) {
  const char *body = strstr(message, "\r\n\r\n");
  const char *connection = body ? strstr(body, "c=IN IP4 ") : NULL;
  const char *media = body ? strstr(body, "m=audio ") : NULL;
  char address[64];
  int port;
  if (!connection || !media || sscanf(connection, "c=IN IP4 %63s", address) != 1 || sscanf(media, "m=audio %d", &port) != 1) return 0;
  *remote = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  return port > 0 && inet_pton(AF_INET, address, &remote->sin_addr) == 1;
}

static void on_answer(struct load *load, int index, const char *message) {
  struct call *call = &load->all[index];
  struct sockaddr_in remote;
  if (call->state == INVITED) {
    char contact[256];
    field(message, "To", call->to, sizeof call->to);
    field(message, "Contact", contact, sizeof contact);
    const char *uri = strchr(contact, '<');
    if (!uri || sscanf(uri, "<%255[^>]", call->target) != 1) snprintf(call->target, sizeof call->target, "%s", contact);
    if (where_it_listens(message, &remote)) {
      if (!load->from_ns) add_value(&load->setup, (double)(clock_ns(CLOCK_MONOTONIC) - call->asked_ns) / NS_PER_MS);
      media_start(load, index, remote);
      load->answered += 1;
    } else {
      load->refused += 1;
      call->state = FAILED;
    }
  }
  request(load, index, "ACK", 1, "");
}

static void on_response(struct load *load, int index, const char *message) {
  struct call *call = &load->all[index];
  char sequence[64];
  int status = atoi(message + 8);
  field(message, "CSeq", sequence, sizeof sequence);
  if (strstr(sequence, "BYE")) {
    if (status >= 200 && call->state == LEAVING) call->state = ENDED;
  } else if (strstr(sequence, "INVITE")) {
    if (status < 200) {
      call->retry_ns = 0;
    } else if (status < 300) {
      on_answer(load, index, message);
    } else {
      field(message, "To", call->to, sizeof call->to);
      request(load, index, "ACK", 1, "");
      if (call->state == INVITED) load->refused += 1;
      load->last_refusal = status;
      call->state = FAILED;
    }
  }
}

/* Everything asked of us is agreed to; a BYE ends the call. */
static void on_request(struct load *load, int index, const char *message) {
  struct call *call = &load->all[index];
  char via[512], from[256], to[256], id[64], sequence[64], text[2048];
  if (strncmp(message, "ACK ", 4) == 0) return;
  field(message, "Via", via, sizeof via);
  field(message, "From", from, sizeof from);
  field(message, "To", to, sizeof to);
  field(message, "Call-ID", id, sizeof id);
  field(message, "CSeq", sequence, sizeof sequence);
  put(load, text,
      snprintf(text, sizeof text, "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n",
               via, from, to, id, sequence));
  if (strncmp(message, "BYE ", 4) == 0 && call->state == TALKING) {
    call->state = ENDED;
    load->ended_early += 1;
  }
}

void sip_read(struct load *load) {
  static char message[65536];
  for (;;) {
    ssize_t bytes = recv(sip_socket, message, sizeof message - 1, 0);
    if (bytes < 0) return;
    message[bytes] = 0;
    int index = call_of(load, message);
    if (index < 0) continue;
    if (strncmp(message, "SIP/2.0 ", 8) == 0) on_response(load, index, message);
    else on_request(load, index, message);
  }
}

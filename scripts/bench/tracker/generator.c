// Announces to a tracker as fast as it answers, and counts the answers that are right. In C so that the
// generator is not what is measured: one process, one core, no allocation while it runs.
//
// generator MODE PORT CONNECTIONS DURATION_MS PEERS INFO_HASH_HEX EXPECT
//   MODE: keepalive (HTTP, one connection after the other reused), close (HTTP, a connection each), udp
//   PEERS: announces come from so many ports in turn; DURATION_MS 0: each of them announces once.
//   EXPECT: 1: count only answers that name the whole swarm's size and hold peers.
// Prints "answers wrong milliseconds".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// Sites and racks are told by all, though only ours looks at them: 12 racks of 83 hosts.
enum { MAX_CONNECTIONS = 256, BUFFER = 8192, REQUEST = 600, BATCH = 32, FIRST_PORT = 10000, WANTED = 50 };

struct connection {
  int fd;
  int length;
  int peer;
  char buffer[BUFFER];
};

static struct connection connections[MAX_CONNECTIONS];
static char (*requests)[REQUEST];
static struct sockaddr_in server;
static int peers, expect, keep_alive, epoll;
static long next_peer, answers, wrong, wanted_answers;
static unsigned char info_hash[20];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static int more_to_ask(double until) {
  return wanted_answers > 0 ? next_peer < wanted_answers : now_ms() < until;
}

static long bencoded_number(const char *body, int length, const char *key) {
  const char *at = memmem(body, length, key, strlen(key));
  return at == NULL ? -1 : atol(at + strlen(key));
}

// Status 200, a count of the whole swarm, and at least one peer of six bytes.
static int is_right(const char *buffer, int head, int length) {
  const char *body = buffer + head;
  int size = length - head;
  if (memmem(buffer, head, " 200 ", 5) == NULL || size < 10 || body[0] != 'd') return 0;
  if (memmem(body, size, "failure reason", 14) != NULL) return 0;
  if (!expect) return 1;
  long count = bencoded_number(body, size, "8:completei") + bencoded_number(body, size, "10:incompletei");
  long bytes = bencoded_number(body, size, "5:peers");
  return count == peers && bytes > 0 && bytes % 6 == 0 && bytes <= 6 * (WANTED + 2);
}

static void watch(struct connection *connection, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  if (epoll_ctl(epoll, operation, connection->fd, &event) < 0) fail("epoll_ctl");
}

static void send_request(struct connection *connection, int peer) {
  connection->length = 0;
  connection->peer = peer;
  const char *request = requests[connection->peer];
  int length = strlen(request);
  // A request is far smaller than the socket's buffer: it goes in one piece or not at all.
  // One that the server has closed already is seen by reading.
  if (send(connection->fd, request, length, MSG_NOSIGNAL) < 0 && errno == EAGAIN) fail("send");
}

static void open_connection(struct connection *connection) {
  connection->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connection->fd < 0) fail("socket");
  int one = 1;
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(connection->fd, (struct sockaddr *)&server, sizeof server) < 0) fail("connect");
  fcntl(connection->fd, F_SETFL, O_NONBLOCK);
  watch(connection, EPOLL_CTL_ADD, EPOLLIN);
}

static void close_connection(struct connection *connection) {
  // Without waiting on either side: a benchmark of thousands a second would run out of ports.
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(connection->fd);
  connection->fd = -1;
}

// Returns the length of the head when the whole answer is there, else 0.
static int complete_head(struct connection *connection, int ended) {
  char *end = memmem(connection->buffer, connection->length, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  int head = end - connection->buffer + 4;
  *end = 0;
  char *field = strcasestr(connection->buffer, "content-length:");
  *end = '\r';
  if (field == NULL) return ended ? head : 0;
  return connection->length >= head + atoi(field + 15) ? head : 0;
}

static void on_readable(struct connection *connection, double until) {
  ssize_t got = recv(connection->fd, connection->buffer + connection->length, BUFFER - 1 - connection->length, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got > 0) connection->length += got;
  int head = complete_head(connection, got <= 0);
  if (head == 0 && got > 0) return;
  int lost = connection->length == 0;
  if (!lost) {
    if (head > 0 && is_right(connection->buffer, head, connection->length)) answers++;
    else wrong++;
  }
  // A server that closes without saying so costs a request each time: from then on a connection each.
  if (lost) keep_alive = 0;
  int again = lost || more_to_ask(until);
  if (got <= 0 || !keep_alive || !again) close_connection(connection);
  if (!again) return;
  if (connection->fd < 0) open_connection(connection);
  send_request(connection, lost ? connection->peer : next_peer++ % peers);
}

static void run_http(int count, double until) {
  epoll = epoll_create1(0);
  for (int index = 0; index < count; index++) {
    if (!more_to_ask(until)) break;
    open_connection(&connections[index]);
    send_request(&connections[index], next_peer++ % peers);
  }
  struct epoll_event events[MAX_CONNECTIONS];
  for (;;) {
    int ready = epoll_wait(epoll, events, MAX_CONNECTIONS, 500);
    if (ready <= 0 && !more_to_ask(until)) break;
    for (int index = 0; index < ready; index++) on_readable(events[index].data.ptr, until);
    if (!more_to_ask(until)) {
      int open = 0;
      for (int index = 0; index < count; index++) open += connections[index].fd > 0;
      if (open == 0) break;
    }
  }
}

static unsigned char datagrams[BATCH][98], replies[BATCH][2048];
static struct mmsghdr out[BATCH], in[BATCH];
static struct iovec out_parts[BATCH], in_parts[BATCH];

static void put32(unsigned char *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint32_t get32(const unsigned char *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static void ask_udp(int fd, const unsigned char *connection_id, int count) {
  for (int index = 0; index < count; index++) {
    unsigned char *at = datagrams[index];
    int peer = next_peer++ % peers;
    memcpy(at, connection_id, 8);
    put32(at + 8, 1);
    put32(at + 12, peer);
    memcpy(at + 16, info_hash, 20);
    snprintf((char *)at + 36, 21, "-BE0001-%012d", peer);
    put32(at + 56, 0), put32(at + 60, 0);
    put32(at + 64, 0), put32(at + 68, 1 << 20);
    put32(at + 72, 0), put32(at + 76, 0);
    put32(at + 80, 0), put32(at + 84, 0), put32(at + 88, peer), put32(at + 92, WANTED);
    at[96] = (FIRST_PORT + peer) >> 8;
    at[97] = (FIRST_PORT + peer) & 255;
  }
  for (int done = 0; done < count;) {
    int sent = sendmmsg(fd, out + done, count - done, 0);
    if (sent < 0) fail("sendmmsg");
    done += sent;
  }
}

static int is_right_udp(const unsigned char *at, int length) {
  if (length < 20 || get32(at) != 1 || get32(at + 4) >= (uint32_t)peers || (length - 20) % 6 != 0) return 0;
  return !expect || (length > 20 && get32(at + 12) + get32(at + 16) == (uint32_t)peers);
}

static void run_udp(int window, double until) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0) fail("connect");
  struct timeval wait = {.tv_usec = 200000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  unsigned char hello[16] = {0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80}, welcome[64];
  int tries = 0;
  while (send(fd, hello, 16, 0) != 16 || recv(fd, welcome, 64, 0) < 16) {
    if (++tries == 25) fail("connect to the tracker over UDP");
  }
  for (int index = 0; index < BATCH; index++) {
    out_parts[index] = (struct iovec){datagrams[index], 98};
    in_parts[index] = (struct iovec){replies[index], 2048};
    out[index].msg_hdr = (struct msghdr){.msg_iov = &out_parts[index], .msg_iovlen = 1};
    in[index].msg_hdr = (struct msghdr){.msg_iov = &in_parts[index], .msg_iovlen = 1};
  }
  int outstanding = 0, quiet = 0;
  while (more_to_ask(until) || (outstanding > 0 && quiet < 2)) {
    while (outstanding < window && more_to_ask(until)) {
      int count = window - outstanding < BATCH ? window - outstanding : BATCH;
      if (wanted_answers > 0 && wanted_answers - next_peer < count) count = wanted_answers - next_peer;
      ask_udp(fd, welcome + 8, count);
      outstanding += count;
    }
    int got = recvmmsg(fd, in, BATCH, MSG_WAITFORONE, NULL);
    if (got <= 0) {
      // What was lost on the way is asked again.
      outstanding = 0;
      quiet++;
      continue;
    }
    quiet = 0;
    outstanding -= got;
    if (outstanding < 0) outstanding = 0;
    for (int index = 0; index < got; index++) {
      if (is_right_udp(replies[index], in[index].msg_len)) answers++;
      else wrong++;
    }
  }
  close(fd);
}

int main(int argc, char **argv) {
  if (argc != 8) {
    fprintf(stderr, "usage: generator MODE PORT CONNECTIONS DURATION_MS PEERS INFO_HASH_HEX EXPECT\n");
    return 2;
  }
  const char *mode = argv[1];
  int count = atoi(argv[3]), duration = atoi(argv[4]);
  if (count > MAX_CONNECTIONS) count = MAX_CONNECTIONS;
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  peers = atoi(argv[5]);
  expect = atoi(argv[7]);
  keep_alive = strcmp(mode, "keepalive") == 0;
  if (duration == 0) wanted_answers = peers;
  char hash[61] = "";
  for (int index = 0; index < 20; index++) {
    unsigned value;
    sscanf(argv[6] + 2 * index, "%2x", &value);
    info_hash[index] = value;
    snprintf(hash + 3 * index, 4, "%%%02x", value);
  }
  requests = calloc(peers, REQUEST);
  for (int peer = 0; peer < peers; peer++) {
    snprintf(requests[peer], REQUEST,
      "GET /announce?info_hash=%s&peer_id=-BE0001-%012d&port=%d&uploaded=0&downloaded=0&left=1048576"
      "&compact=1&numwant=%d&host=host-%d&site=s%d&rack=r%d HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: %s\r\n\r\n",
      hash, peer, FIRST_PORT + peer, WANTED, peer, peer % 3, peer % 12, keep_alive ? "keep-alive" : "close");
  }
  double start = now_ms();
  if (strcmp(mode, "udp") == 0) run_udp(count, start + duration);
  else run_http(count, start + duration);
  printf("%ld %ld %.1f\n", answers, wrong, now_ms() - start);
  return 0;
}

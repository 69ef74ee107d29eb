/* Small conversations of the C client with a server: one per run, chosen by name.
 * c-client URL CASE [CA CERT KEY]; exit code 0 = as expected, else a line says what was not.
 * Each case opens two connections, which a server with several workers puts on two of them. */
#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 10000

static const char *current = "";

static void fail(const char *what, natsStatus status) {
  printf("%s: %s: %s\n", current, what, natsStatus_GetText(status));
  exit(1);
}

static void expect(const char *what, natsStatus status) {
  if (status != NATS_OK) fail(what, status);
}

static void truth(const char *what, bool holds) {
  if (!holds) fail(what, NATS_ERR);
}

static natsOptions *options;

static natsConnection *open_connection(void) {
  natsConnection *connection = NULL;
  expect("connect", natsConnection_Connect(&connection, options));
  return connection;
}

static natsMsg *next(natsSubscription *subscription) {
  natsMsg *message = NULL;
  expect("next message", natsSubscription_NextMsg(&message, subscription, WAIT_MS));
  return message;
}

static void echo(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                 void *closure) {
  (void)subscription;
  (void)closure;
  if (natsMsg_GetReply(message) != NULL) {
    natsMsg *reply = NULL;
    const char *value = NULL;
    natsMsg_Create(&reply, natsMsg_GetReply(message), NULL, natsMsg_GetData(message),
                   natsMsg_GetDataLength(message));
    if (natsMsgHeader_Get(message, "Question", &value) == NATS_OK) {
      natsMsgHeader_Set(reply, "Answer-To", value);
    }
    natsConnection_PublishMsg(connection, reply);
    natsMsg_Destroy(reply);
  }
  natsMsg_Destroy(message);
}

static void publish_subscribe(natsConnection *one, natsConnection *two) {
  natsSubscription *exact = NULL, *star = NULL, *all = NULL;
  char payload[256];
  for (int i = 0; i < 256; i++) payload[i] = (char)i;
  expect("subscribe", natsConnection_SubscribeSync(&exact, one, "c.a.b"));
  expect("subscribe", natsConnection_SubscribeSync(&star, one, "c.*.b"));
  expect("subscribe", natsConnection_SubscribeSync(&all, one, "c.>"));
  expect("flush", natsConnection_Flush(one));
  expect("publish", natsConnection_PublishRequest(two, "c.a.b", "answer", payload, 256));
  expect("publish", natsConnection_Publish(two, "c.x", NULL, 0));
  natsSubscription *wanted[] = {exact, star, all};
  for (int i = 0; i < 3; i++) {
    natsMsg *message = next(wanted[i]);
    truth("subject", strcmp(natsMsg_GetSubject(message), "c.a.b") == 0);
    truth("reply", strcmp(natsMsg_GetReply(message), "answer") == 0);
    truth("length", natsMsg_GetDataLength(message) == 256);
    truth("payload", memcmp(natsMsg_GetData(message), payload, 256) == 0);
    natsMsg_Destroy(message);
  }
  natsMsg *empty = next(all);
  truth("empty payload", natsMsg_GetDataLength(empty) == 0);
  natsMsg_Destroy(empty);
  for (int i = 0; i < 10000; i++) {
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    expect("publish", natsConnection_PublishString(two, "c.order", text));
  }
  for (int i = 0; i < 10000; i++) {
    natsMsg *message = next(all);
    truth("order", atoi(natsMsg_GetData(message)) == i);
    natsMsg_Destroy(message);
  }
  natsSubscription_Destroy(exact);
  natsSubscription_Destroy(star);
  natsSubscription_Destroy(all);
}

static void queue(natsConnection *one, natsConnection *two) {
  enum { COUNT = 1000, MEMBERS = 3 };
  natsSubscription *members[MEMBERS] = {NULL};
  natsConnection *third = open_connection();
  natsConnection *owners[MEMBERS] = {one, two, third};
  for (int i = 0; i < MEMBERS; i++) {
    expect("subscribe", natsConnection_QueueSubscribeSync(&members[i], owners[i], "jobs", "q"));
    expect("flush", natsConnection_Flush(owners[i]));
  }
  for (int i = 0; i < COUNT; i++) expect("publish", natsConnection_PublishString(two, "jobs", "x"));
  int sum = 0;
  for (int i = 0; i < MEMBERS; i++) {
    natsSubscription *done = NULL;
    natsMsg *message = NULL;
    expect("subscribe", natsConnection_SubscribeSync(&done, owners[i], "jobs.done"));
    expect("flush", natsConnection_Flush(owners[i]));
    expect("publish", natsConnection_PublishString(two, "jobs.done", "x"));
    natsMsg_Destroy(next(done));
    int share = 0;
    while (natsSubscription_NextMsg(&message, members[i], 1) == NATS_OK) {
      natsMsg_Destroy(message);
      share++;
    }
    truth("a fair share", share > 200);
    sum += share;
    natsSubscription_Destroy(done);
  }
  truth("each job once", sum == COUNT);
  for (int i = 0; i < MEMBERS; i++) natsSubscription_Destroy(members[i]);
  natsConnection_Destroy(third);
}

static void request_reply(natsConnection *one, natsConnection *two) {
  natsSubscription *service = NULL;
  expect("subscribe", natsConnection_Subscribe(&service, one, "echo", echo, NULL));
  expect("flush", natsConnection_Flush(one));
  for (int i = 0; i < 500; i++) {
    natsMsg *reply = NULL;
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    expect("request", natsConnection_RequestString(&reply, two, "echo", text, WAIT_MS));
    truth("own answer", strncmp(natsMsg_GetData(reply), text, strlen(text)) == 0);
    natsMsg_Destroy(reply);
  }
  natsSubscription_Destroy(service);
}

static void headers(natsConnection *one, natsConnection *two) {
  natsSubscription *service = NULL;
  natsMsg *question = NULL, *reply = NULL;
  const char *value = NULL;
  expect("subscribe", natsConnection_Subscribe(&service, one, "echo.headers", echo, NULL));
  expect("flush", natsConnection_Flush(one));
  expect("create", natsMsg_Create(&question, "echo.headers", NULL, "body", 4));
  expect("header", natsMsgHeader_Set(question, "Question", "why?"));
  expect("header", natsMsgHeader_Add(question, "Question", "really?"));
  expect("request", natsConnection_RequestMsg(&reply, two, question, WAIT_MS));
  expect("answer's header", natsMsgHeader_Get(reply, "Answer-To", &value));
  truth("answer's value", strcmp(value, "why?") == 0);
  truth("answer's body", natsMsg_GetDataLength(reply) == 4);
  natsMsg_Destroy(question);
  natsMsg_Destroy(reply);
  natsSubscription_Destroy(service);
}

static void no_responders(natsConnection *one, natsConnection *two) {
  natsMsg *reply = NULL;
  (void)one;
  natsStatus status = natsConnection_RequestString(&reply, two, "nobody", "x", WAIT_MS);
  truth("no responders", status == NATS_NO_RESPONDERS);
}

static volatile bool closed = false;
static void on_closed(natsConnection *connection, void *closure) {
  (void)connection;
  (void)closure;
  closed = true;
}

static volatile int handled = 0;
static void count(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                  void *closure) {
  (void)connection;
  (void)subscription;
  (void)closure;
  natsMsg_Destroy(message);
  handled++;
}

static void drain(natsConnection *one, natsConnection *two) {
  natsSubscription *subscription = NULL, *mark = NULL;
  natsOptions_SetClosedCB(options, on_closed, NULL);
  natsConnection *drained = open_connection();
  expect("subscribe", natsConnection_Subscribe(&subscription, drained, "drain", count, NULL));
  expect("subscribe", natsConnection_SubscribeSync(&mark, drained, "drain.mark"));
  expect("flush", natsConnection_Flush(drained));
  for (int i = 0; i < 1000; i++) expect("publish", natsConnection_PublishString(two, "drain", "x"));
  expect("publish", natsConnection_PublishString(two, "drain.mark", "x"));
  natsMsg_Destroy(next(mark));
  natsSubscription_Destroy(mark);
  expect("drain", natsConnection_Drain(drained));
  for (int i = 0; i < 1000 && !closed; i++) nats_Sleep(10);
  truth("closed after the drain", closed);
  truth("everything handled", handled == 1000);
  natsMsg *reply = NULL;
  natsStatus status = natsConnection_RequestString(&reply, one, "drain", "x", WAIT_MS);
  truth("gone after the drain", status == NATS_NO_RESPONDERS);
  natsSubscription_Destroy(subscription);
  natsConnection_Destroy(drained);
}

/* Says "ready", and the server is started anew; then waits for a message on its subscription. */
static void reconnect(natsConnection *one, natsConnection *two) {
  natsSubscription *subscription = NULL;
  natsMsg *message = NULL;
  expect("subscribe", natsConnection_SubscribeSync(&subscription, one, "again"));
  expect("flush", natsConnection_Flush(one));
  printf("ready\n");
  fflush(stdout);
  char line[16];
  truth("the word", fgets(line, sizeof line, stdin) != NULL);
  for (int i = 0; i < 500 && message == NULL; i++) {
    natsConnection_PublishString(two, "again", "x");
    natsSubscription_NextMsg(&message, subscription, 20);
  }
  truth("a message after the restart", message != NULL);
  natsMsg_Destroy(message);
  natsSubscription_Destroy(subscription);
}

static const struct {
  const char *name;
  void (*run)(natsConnection *one, natsConnection *two);
} cases[] = {
    {"publish-subscribe", publish_subscribe},
    {"queue", queue},
    {"request-reply", request_reply},
    {"headers", headers},
    {"no-responders", no_responders},
    {"drain", drain},
    {"reconnect", reconnect},
};

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  current = argv[2];
  expect("options", natsOptions_Create(&options));
  expect("url", natsOptions_SetURL(options, argv[1]));
  expect("reconnect", natsOptions_SetMaxReconnect(options, 1000));
  expect("reconnect", natsOptions_SetReconnectWait(options, 20));
  expect("reconnect", natsOptions_SetReconnectJitter(options, 5, 5));
  if (argc > 3) {
    expect("TLS", natsOptions_SetSecure(options, true));
    expect("CA", natsOptions_LoadCATrustedCertificates(options, argv[3]));
  }
  if (argc > 5) {
    expect("certificate", natsOptions_LoadCertificatesChain(options, argv[4], argv[5]));
  }
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (strcmp(cases[i].name, current) != 0) continue;
    natsConnection *one = open_connection(), *two = open_connection();
    cases[i].run(one, two);
    natsConnection_Destroy(one);
    natsConnection_Destroy(two);
    natsOptions_Destroy(options);
    nats_Close();
    printf("ok\n");
    return 0;
  }
  return 2;
}

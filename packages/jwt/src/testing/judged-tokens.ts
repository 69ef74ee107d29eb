// Test support: what the plain judge reads in the JSON of tokens, and what it says.

export interface Rights {
  pub?: { allow?: string[]; deny?: string[] };
  sub?: { allow?: string[]; deny?: string[] };
  resp?: { max: number; ttl: number };
  src?: string[];
  times?: { start: string; end: string }[];
  times_location?: string;
  subs?: number;
  payload?: number;
  data?: number;
  bearer_token?: boolean;
  proxy_required?: boolean;
  allowed_connection_types?: string[];
}

export interface Token {
  iss: string;
  sub: string;
  name?: string;
  iat: number;
  exp?: number;
  nbf?: number;
}

export interface JudgedUser extends Token {
  nats: Rights & { issuer_account?: string; tags?: string[] };
}

export interface JudgedAccount extends Token {
  nats: {
    limits?: { subs?: number; payload?: number; disallow_bearer?: boolean };
    signing_keys?: (string | { key: string; template: Rights })[];
    revocations?: Record<string, number>;
    default_permissions?: Rights;
    tags?: string[];
  };
}

export interface JudgedOperator extends Token {
  nats: { signing_keys?: string[]; strict_signing_key_usage?: boolean };
}

/** What is known of the connection. */
export interface JudgedConnection {
  type: string;
  host: string;
  /** The nonce was signed by this key; "" = by nobody. */
  signedBy: string;
  viaProxy: boolean;
}

export interface Judgement {
  canPublish(subject: string): boolean;
  canSubscribe(subject: string): boolean;
  subs: number;
  payload: number;
  untilMs: number;
}

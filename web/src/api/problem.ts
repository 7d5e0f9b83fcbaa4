/** What the server says when it refuses (RFC 9457, with Meetpoint's stable code and remedy). */
export interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  code?: string;
  field?: string | null;
  reason?: string;
  remedy?: string;
  request_id?: string;
}

/** A refusal, kept whole so that the page can show the server's own words. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly field: string | undefined;
  readonly reason: string;
  readonly remedy: string | undefined;
  readonly requestId: string | undefined;

  constructor(document: ProblemDocument, status: number) {
    const reason = document.reason ?? document.title ?? `The server answered ${status}.`;
    super(reason);
    this.name = "Problem";
    this.status = document.status ?? status;
    this.code = document.code ?? `http_${status}`;
    this.title = document.title ?? "The server refused this";
    this.field = document.field ?? undefined;
    this.reason = reason;
    this.remedy = document.remedy;
    this.requestId = document.request_id;
  }

  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Reads a refused answer; one that is no problem document still becomes a Problem. */
  static from(body: unknown, status: number): Problem {
    return new Problem(typeof body === "object" && body !== null ? body : {}, status);
  }

  /** Wraps whatever was thrown on the way to the server. */
  static wrap(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem(
      {
        code: "unreachable",
        title: "Meetpoint does not answer",
        reason: error instanceof Error ? error.message : String(error),
        remedy: "Check that the server is running, then try again.",
      },
      0,
    );
  }
}

/** A person's account as far as decisions need it. */
export interface UserPrincipal {
  readonly kind: 'user';
  /** Key of the row; never leaves the process. */
  readonly id: bigint;
  readonly uuid: string;
  readonly username: string;
  readonly email: string;
  /** May approve, suspend and terminate projects. */
  readonly projectAdmin: boolean;
  /** May do everything in the link API. */
  readonly staff: boolean;
  /** The project and roles that the token in use speaks for, as OpenStack-style APIs need. */
  readonly scope: TokenScope;
  /** When the token in use stops working; null when it never does. */
  readonly tokenExpiresAt: Date | null;
}

/** A back-end system that offers services and issues commissions. */
export interface ComponentPrincipal {
  readonly kind: 'component';
  /** Immutable key of the row; commissions belong to it. */
  readonly id: bigint;
  readonly name: string;
  readonly tokenExpiresAt: Date | null;
}

/** A caller that nobody asked who it is. */
export interface AnonymousPrincipal {
  readonly kind: 'anonymous';
}

/** The project a token speaks for and the roles it has there. */
export interface TokenScope {
  readonly project: string | null;
  readonly roles: readonly string[];
}

/** A caller as far as the rules of an OpenStack-style API look: for whom, and in which roles. */
export interface ScopedPrincipal {
  readonly kind: 'scoped';
  /** Opaque; not every one is a user of ours. */
  readonly user: string;
  readonly scope: TokenScope;
  /** Speaks for the whole cloud, which no project rule allows. */
  readonly isSystemScoped: boolean;
}

/** Who calls. */
export type Principal = UserPrincipal | ComponentPrincipal | ScopedPrincipal | AnonymousPrincipal;

/** The caller of operations that ask for nobody. */
export const ANONYMOUS: AnonymousPrincipal = { kind: 'anonymous' };

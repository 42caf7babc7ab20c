/** What the fake cloud knows. Tests may look into it and put things there. */
import { randomBytes, randomUUID } from 'node:crypto';

/** A project or a user of Keystone. */
export interface FakeProject {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

/** A user; the password may change. */
export interface FakeUser {
  readonly id: string;
  readonly name: string;
  password: string;
}

/** What a token allows. */
export interface Access {
  readonly userId: string;
  readonly projectId: string;
  readonly isAdmin: boolean;
  readonly expiresAt: number;
}

/** A flavor of Nova. */
export interface FakeFlavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ram: number;
  readonly disk: number;
}

/** A server of Nova; its flavor's numbers are its own, as in Nova. */
export interface FakeServer {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly flavor: FakeFlavor;
  readonly status: string;
  readonly launchedAt: string | null;
  readonly keyName: string | null;
  readonly volumeIds: readonly string[];
}

/** A volume of Cinder. */
export interface FakeVolume {
  readonly id: string;
  readonly projectId: string;
  readonly size: number;
  readonly bootable: boolean;
  readonly imageId: string | null;
}

/** A rule of Neutron, with its own keys. */
export interface FakeRule {
  readonly id: string;
  readonly security_group_id: string;
  readonly direction: string;
  readonly ethertype: string;
  readonly protocol: string | null;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  readonly remote_ip_prefix: string | null;
  readonly remote_group_id: string | null;
}

/** A security group of Neutron. */
export interface FakeGroup {
  readonly id: string;
  readonly projectId: string;
  name: string;
  description: string;
}

/** Limits by the backend's key. */
export type FakeLimits = Record<string, number>;

const hex = () => randomBytes(16).toString('hex');

const DEFAULTS = {
  nova: { instances: 10, cores: 20, ram: 51_200, key_pairs: 100, metadata_items: 128 },
  cinder: { gigabytes: 1000, volumes: 10, snapshots: 10, per_volume_gigabytes: -1, backups: 10 },
  neutron: { network: 100, port: 500, router: 10, security_group: 10, security_group_rule: 100 },
} as const;

/** The state of all four services. */
export class World {
  readonly projects = new Map<string, FakeProject>();
  readonly users = new Map<string, FakeUser>();
  readonly roles = [
    { id: hex(), name: 'admin' },
    { id: hex(), name: 'member' },
    { id: hex(), name: 'reader' },
  ];
  /** `project user role`, by ids. */
  readonly grants = new Set<string>();
  readonly tokens = new Map<string, Access>();
  readonly flavors = new Map<string, FakeFlavor>();
  readonly servers = new Map<string, FakeServer>();
  readonly volumes = new Map<string, FakeVolume>();
  readonly groups = new Map<string, FakeGroup>();
  readonly rules = new Map<string, FakeRule>();
  readonly #limits = new Map<string, FakeLimits>();

  /** Most entries in one page of Nova's and Neutron's lists, however many are asked for. */
  longestPage = 1000;

  /** Whether Neutron has the extension `quota_details`. */
  hasQuotaDetails = true;

  /** Makes a project without any checks. */
  addProject(name: string, description = ''): FakeProject {
    const project = { id: hex(), name, description };
    this.projects.set(project.id, project);
    return project;
  }

  /** Makes a user without any checks. */
  addUser(name: string, password: string): FakeUser {
    const user = { id: hex(), name, password };
    this.users.set(user.id, user);
    return user;
  }

  /** Gives a user one of the roles in a project. */
  grant(projectId: string, userId: string, role: string): void {
    const found = this.roles.find(({ name }) => name === role);
    if (found !== undefined) this.grants.add(`${projectId} ${userId} ${found.id}`);
  }

  /** The names of the roles a user has in a project. */
  rolesOf(projectId: string, userId: string): readonly string[] {
    return this.roles
      .filter(({ id }) => this.grants.has(`${projectId} ${userId} ${id}`))
      .map(({ name }) => name);
  }

  /** The limits one service has for a project, known to Keystone or not. */
  limitsOf(service: keyof typeof DEFAULTS, projectId: string): FakeLimits {
    const key = `${service} ${projectId}`;
    const present = this.#limits.get(key);
    if (present !== undefined) return present;
    const made = { ...DEFAULTS[service] };
    this.#limits.set(key, made);
    return made;
  }

  /** How much of each limited thing a project uses; servers in ERROR count (errata, `usage`). */
  usageOf(service: keyof typeof DEFAULTS, projectId: string): FakeLimits {
    const mine = <T extends { projectId: string }>(all: Iterable<T>) =>
      [...all].filter((one) => one.projectId === projectId);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    if (service === 'nova') {
      const servers = mine(this.servers.values());
      return {
        instances: servers.length,
        cores: sum(servers.map(({ flavor }) => flavor.vcpus)),
        ram: sum(servers.map(({ flavor }) => flavor.ram)),
      };
    }
    if (service === 'cinder') {
      const volumes = mine(this.volumes.values());
      return { volumes: volumes.length, gigabytes: sum(volumes.map(({ size }) => size)) };
    }
    const groups = mine(this.groups.values());
    const rules = groups.flatMap(({ id }) => this.rulesIn(id));
    return { security_group: groups.length, security_group_rule: rules.length };
  }

  /** Makes a flavor without any checks. */
  addFlavor(flavor: FakeFlavor): FakeFlavor {
    this.flavors.set(flavor.id, flavor);
    return flavor;
  }

  /** Makes a volume without any checks. */
  addVolume(volume: Omit<FakeVolume, 'id'>): FakeVolume {
    const made = { id: randomUUID(), ...volume };
    this.volumes.set(made.id, made);
    return made;
  }

  /** Makes a server, whose port touches the project's network (errata, `usage`). */
  addServer(server: Omit<FakeServer, 'id'>): FakeServer {
    const made = { id: randomUUID(), ...server };
    this.servers.set(made.id, made);
    this.touchNetwork(made.projectId);
    return made;
  }

  /**
   * Makes the group `default` of a project when its network is used first: one group with four
   * rules, two for what goes out and two for what comes from itself (errata, `usage`).
   */
  touchNetwork(projectId: string): void {
    const groups = [...this.groups.values()].filter((group) => group.projectId === projectId);
    if (groups.some(({ name }) => name === 'default')) return;
    const group = this.addGroup(projectId, 'default', 'Default security group');
    for (const ethertype of ['IPv4', 'IPv6']) {
      this.addRule({ security_group_id: group.id, ethertype, remote_group_id: group.id });
    }
  }

  /** Makes a group with the two rules for outgoing traffic that Neutron gives every group. */
  addGroup(projectId: string, name: string, description: string): FakeGroup {
    const group = { id: randomUUID(), projectId, name, description };
    this.groups.set(group.id, group);
    for (const ethertype of ['IPv4', 'IPv6']) {
      this.addRule({ security_group_id: group.id, direction: 'egress', ethertype });
    }
    return group;
  }

  /** Makes a rule without any checks. */
  addRule(rule: Partial<FakeRule> & Pick<FakeRule, 'security_group_id'>): FakeRule {
    const made = {
      id: randomUUID(),
      direction: 'ingress',
      ethertype: 'IPv4',
      protocol: null,
      port_range_min: null,
      port_range_max: null,
      remote_ip_prefix: null,
      remote_group_id: null,
      ...rule,
    };
    this.rules.set(made.id, made);
    return made;
  }

  /** The rules of a group. */
  rulesIn(groupId: string): readonly FakeRule[] {
    return [...this.rules.values()].filter((rule) => rule.security_group_id === groupId);
  }
}

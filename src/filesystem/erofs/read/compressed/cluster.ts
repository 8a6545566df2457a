/** An item of an index: what a cluster of a compressed file says. */
export type Cluster = Head | Follower;

/** An extent begins in it. */
export interface Head {
  readonly type: "PLAIN" | "HEAD1" | "HEAD2";
  /** The byte of the cluster that it begins at; those before it are of the extent before. */
  readonly clusterofs: number;
  /** The first block of its pcluster. */
  readonly block: number;
}

/** All of it is of an extent that began before. */
export interface Follower {
  readonly type: "NONHEAD";
  /** In the first one behind a head: the blocks of the pcluster, if they are told. */
  readonly pclusterBlocks: number | undefined;
}

/** Clusters of a file, from the first to the last. */
export interface ClusterIndex {
  readonly clusters: Iterable<Cluster | undefined>;
  /** Byte of the image behind the index. */
  readonly end: number;
}

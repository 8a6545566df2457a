/** A mapped disk that ovms-init is to make in an initramfs: what stands in the way is told. That it works, machines show. */
import { expect } from "bun:test";
import { fakeMachines } from "./booting.ts";

const { native } = fakeMachines({ "/etc/ovms/modules": "# none\n" });

native("a kernel without a device mapper is named as that", (boot) => {
  for (const name of ["dm-mod.create", "dm_mod.create"]) {
    const commandLine = `root=/dev/dm-0 ${name}="root,,,ro,0 8 verity 1 /dev/vda"`;
    const { stderr, status } = boot({ config: {}, commandLine });
    expect(stderr).toStartWith("docker2vm: the kernel has no device mapper: /dev/mapper/control: ");
    expect(stderr).toContain("boot one that has dm-verity, or an initramfs with its modules");
    expect(status).toBe(125);
  }
});

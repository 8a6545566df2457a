/**
 * What systemd's unit of the workload calls around its end. systemd says in the environment how that was
 * (systemd.exec(5)).
 */
#pragma once

/** ExecStop=: a workload that is still there is asked to end, so that its machine is not to end with it. */
_Noreturn void note_stop(char **environment);

/**
 * ExecStopPost=: tells the status, as the end of a machine does, and has systemd end the machine where the workload has
 * come to its end by itself.
 */
_Noreturn void end_service(char **environment);

"""What can be wrong with the backup, in the shop's words.

Pure.
"""

from __future__ import annotations

from hub.client.warnings import Severity, Warning  # noqa: A004 - nothing here raises Python's warnings

SAFETY_WARNINGS = (
    Warning(
        "backup-late",
        Severity.WARNING,
        {"en": "The backup has stopped. {detail}", "zh": "备份已停止。{detail}"},
        {
            "en": "What happens in the shop now is on this machine only. See whether the place that HUB_BACKUP_TO names can be "
            "reached and has room; the backup goes on by itself then.",
            "zh": "店内现在发生的一切只保存在店内主机上。请检查 HUB_BACKUP_TO 所指的位置能否访问、空间是否足够；"
            "恢复后备份会自动继续。",
        },
        hidden_by=("disk-full", "storage"),
        alarm=True,
    ),
    Warning(
        "backup-begins",
        Severity.NOTE,
        {
            "en": "The first copy for the backup is under way: {detail} %",
            "zh": "正在为备份制作第一份副本：{detail}%",
        },
        {
            "en": "Until it is done there is no backup of this hub. It goes on by itself.",
            "zh": "完成之前店内主机没有备份。无需操作，会自动继续。",
        },
    ),
    Warning(
        "backup-old",
        Severity.WARNING,
        {
            "en": "The backup still holds what is older than {detail} days",
            "zh": "备份中仍有超过 {detail} 天的内容",
        },
        {
            "en": "No new base copy could be made, so what was erased in the shop is still in the backup. "
            "The log of the hub says why.",
            "zh": "未能制作新的基础副本，店内已删除的内容仍留在备份中。原因请见店内主机日志。",
        },
        hidden_by=("backup-late",),
    ),
    Warning(
        "drill-failed",
        Severity.WARNING,
        {"en": "The backup could not be put back when that was tried", "zh": "试着恢复备份时失败了"},
        {
            "en": "{detail} A backup that cannot be put back is none: make one by hand now (python -m hub backup FILE), "
            "then see why.",
            "zh": "{detail}不能恢复的备份等于没有备份：请立即手动备份（python -m hub backup 文件），然后查明原因。",
        },
        hidden_by=("backup-late",),
        alarm=True,
    ),
    Warning(
        "drill-late",
        Severity.WARNING,
        {
            "en": "Nobody has tried for long whether the backup can be put back; it should be tried every {detail} hours",
            "zh": "很久没有试过能否恢复备份；应每 {detail} 小时试一次",
        },
        {
            "en": "Try it: python -m hub drill. Where PostgreSQL keeps the data, try a restore with its own tools, then say so: "
            "python -m hub drill --passed TEXT",
            "zh": "请运行：python -m hub drill。数据在 PostgreSQL 中时，请用它自己的工具试恢复，然后登记："
            "python -m hub drill --passed 说明",
        },
        hidden_by=("backup-late", "drill-failed"),
    ),
)

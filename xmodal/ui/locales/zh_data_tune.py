"""Chinese for what the layers below say of data sets, by the code of the error or warning.

They say it in English themselves; what has no text here is shown so.
"""

_AGAIN = "请另存为“CSV UTF-8”（Excel：另存为 → CSV UTF-8）后再试。"
_RESAVE = "请改正它，或重新保存。"
_CORRECT = "请改正这一项。"

MESSAGES = {
    "not_a_zip": ("{name} 不是可以读取的 zip 文件。", "请重新打包成普通的 zip。"),
    "zip_files": ("{name} 里的文件超过 {most} 个。", "请分成几个压缩包。"),
    "zip_size": ("{name} 解压后会超过 {most} MB。", "请减小内容。"),
    "zip_password": ("{name} 有密码保护。", "请不设密码重新打包。"),
    "zip_bomb": ("{name} 是压缩炸弹：解压后会大得反常。", "请选择其他文件。"),
    "zip_empty": ("{name} 里没有文件。", "请选择其他文件。"),
    "zip_outside": ("{name} 里有文件会写到文件夹之外：{file}。", "请自己解压、检查内容，再选择文件夹。"),
    "not_a_table": ("{name} 不是可以读取的数据文件。", "请使用 {kinds}、zip 或文件夹；电子表格可以另存为 CSV UTF-8。"),
    "no_rows": ("{name} 里没有数据行。", "请选择带表头和数据行的文件。"),
    "bad_line": ("{name} 的第 {line} 行无法读取。", _RESAVE),
    "not_jsonl": ("{name} 没有一行是 JSON 对象。", "每行写一个对象，例如 {{\"text\": \"…\"}}。"),
    "bad_json": ("{name} 不是有效的 JSON，见第 {line} 行。", _RESAVE),
    "json_rows": ("{name} 不是由行组成的列表。", "请使用对象的列表，或 SQuAD 格式。"),
    "bad_parquet": ("{name} 不是可以读取的 parquet 文件。", "请换一份。"),
    "not_text": ("{name} 不是文本文件。", _AGAIN),
    "unknown_encoding": ("无法判断 {name} 的文字编码。", _AGAIN),
    "missing_column": ("没有找到“{role}”列；现有的列：{columns}。", "请指定是哪一列，或在文件里加上这一列。"),
    "missing_input": ("没有找到文本、图片或声音的列；现有的列：{columns}。", "请指定是哪一列，或在文件里加上这一列。"),
    "no_such_column": ("没有“{column}”这一列；现有的列：{columns}。", "请写其中一列的名称。"),
    "several_tables": ("不清楚该用哪个表：{tables}。", "请选择其中一个，或命名为 train、validation 和 test。"),
    "no_data_set": (
        "文件夹里没有数据集。", "请为每个类别建一个放图片或声音的子文件夹，或提供带 file_name 列的 metadata.csv。",
    ),
    "outside_folder": ("表格里的文件在它的文件夹之外：{name}。", "请把文件放在表格旁边。"),
    "no_file": ("没有 {name} 这个文件或文件夹。", "请检查名称和位置。"),
    "no_usable_row": ("没有可以使用的行。（{why}）", "请检查文件和所选的列。"),
    "no_train_rows": ("没有可以用于训练的行。", "请增加数据，或换一种划分。"),
    "no_check_rows": ("没有可以留出的行：能用的 {rows} 行都用于训练，或与训练行重复。", "请增加数据，或换一种划分。"),
    "one_class": ("用于训练的行都属于“{label}”一类，没有可以区分的。", "请加入其他类别的行，或选择另一列作为类别。"),
}  # fmt: skip

# What pydantic refuses of a recipe, by the type of its error.
RECIPES = {
    "recipe_greater_than": ("“{setting}”必须大于 {gt:g}。", _CORRECT),
    "recipe_greater_than_equal": ("“{setting}”不能小于 {ge:g}。", _CORRECT),
    "recipe_less_than": ("“{setting}”必须小于 {lt:g}。", _CORRECT),
    "recipe_less_than_equal": ("“{setting}”不能大于 {le:g}。", _CORRECT),
    "recipe_int_from_float": ("“{setting}”必须是整数。", _CORRECT),
    "recipe_int_parsing": ("“{setting}”必须是整数。", _CORRECT),
    "recipe_float_parsing": ("“{setting}”必须是数字。", _CORRECT),
    "recipe_finite_number": ("“{setting}”必须是有限的数字。", _CORRECT),
    "recipe_literal_error": ("“{setting}”只能是：{expected}。", _CORRECT),
    "recipe_string_pattern_mismatch": ("“{setting}”含有不能使用的字符。", "请只用英文字母、数字、点、横线和下划线。"),
    "recipe_string_too_long": ("“{setting}”太长：最多 {max_length} 个字符。", _CORRECT),
    "recipe_string_type": ("“{setting}”必须是文字。", _CORRECT),
    "recipe_missing": ("缺少“{setting}”。", "请填写。"),
    "recipe_started_parts": (
        "从已有模型开始（start、train.mean_with）时不能做交叉验证：它们可能已用留出的部分训练过。",
        "请去掉交叉验证，或从新模型开始。",
    ),
    "recipe_extra_forbidden": ("没有“{setting}”这个设置。", "请检查名称。"),
}  # fmt: skip
"""Code to what is wrong and what to do."""

WARNINGS = {
    "encoding": "{name} 按 {encoding} 编码读取；请在预览中确认文字正确。",
    "damaged_characters": "{name} 中有 {count} 个字符无法读取，显示为 �。",
    "damaged_rows": "{name} 中有 {count} 行格式不对，已去掉。",
    "two_texts": "每条文本由“{first}”和另起一行的“{second}”组成；使用模型时也请这样给出两段文本。",
    "columns": "{name} 中没有名称或重名的列已另行命名。",
    "unreadable_files": "{count} 个文件无法读取；相关的 {rows} 行已去掉。",
    "no_target": "{count} 行没有{role}，已去掉。",
    "no_input": "{count} 行没有任何输入，已去掉。",
    "incomplete": "{count} 行缺少某个输入，已按设置去掉。",
    "gaps": "{count} 行没有{role}。",
    "gaps_filled": "{count} 行没有{role}，用平均值代替。",
    "duplicates": "{count} 行留出的数据也在训练数据中，已从留出部分去掉。",
    "conflicts": "{count} 行训练数据与前面的行输入相同，但类别不同。",
    "tiny_classes": "{count} 个类别的训练行少于 {rows} 行。",
    "imbalance": "最大类别的行数是最小类别的 {times} 倍；请平衡类别，并看 F1 而不是准确率。",
    "one_sided_classes": "{count} 个类别只出现在训练或留出的一侧。",
    "few_rows": "只留出了 {rows} 行，测出的数值说明不了多少。",
    "answers": "{count} 个答案在文本中找不到；训练时会略过它们。",
    "aside": "按数据或设置的划分，{count} 行既不用于训练，也不留出。",
    "groups_across": "{count} 行训练数据与另一数据集留出的数据同组，已去掉。",
    "class_folders": "以下文件夹的名字像数据划分，但按类别读取：{names}；要按划分读取，请移走其他文件夹。",
    "no_split": "没有按“{column}”列划分：多数行或其中一侧在该列没有可识别的值。",
    "unlabelled_side": "数据自带的 {count} 行留出数据没有{role}；改为从其余行中留出一部分。",
    "shared_groups": "{count} 行留出的数据与训练数据同组，已去掉。",
}
"""Code to what is to be known."""
